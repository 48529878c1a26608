/* One process a boot.
 *
 * The parent holds the shared memory and starts a child that runs MicroPython from the beginning;
 * a reset ends the child, and the parent starts the next. Without a bench there is one process.
 * The linker hands main() and write() of MicroPython's unix port to the functions here. */
#include "host.h"

#include "boards/host/spacecraft.h"
#include "dictionary.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE 2

/* One loop or return of the interpreter, at the pace of a 200 MHz core. */
#define VM_EVENT_US 4u

typedef struct {
    sim_settings_t sim;
    uint32_t spacecraft_id, vm_event_us;
} settings_t;

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
ssize_t __real_write(int fd, const void *data, size_t octets);
ssize_t __wrap_write(int fd, const void *data, size_t octets);

host_state_t *host;

/* Standard output and error are the console. */
ssize_t __wrap_write(int fd, const void *data, size_t octets) {
    if (host_controlled() && (fd == STDOUT_FILENO || fd == STDERR_FILENO)) {
        host_control_send('C', data, octets);
        return (ssize_t)octets;
    }
    return __real_write(fd, data, octets);
}

unsigned host_spacecraft_id(void) {
    return host->spacecraft_id;
}

static bool set(settings_t *settings, const char *name, uint32_t value) {
    const struct {
        const char *name;
        uint32_t *value;
    } known[] = {
        {"spacecraft_id", &settings->spacecraft_id},
        {"vm_event_us", &settings->vm_event_us},
        {"seed", &settings->sim.seed},
        {"sar_warmup_s", &settings->sim.sar_warmup_s},
        {"optical_stabilisation_s", &settings->sim.optical_stabilisation_s},
        {"science_octets_per_second", &settings->sim.science_octets_per_second},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *known[i].value = value;
            return true;
        }
    }
    return strcmp(name, "gps_epoch_s") == 0; /* for the other end of the line only */
}

/* EMEI_BOARD_SETTINGS: name=value, comma between them. False when it cannot be read. */
static bool read_settings(settings_t *settings, const char *text) {
    char copy[512];
    if (strlen(text) >= sizeof copy) {
        return false;
    }
    strcpy(copy, text);
    char *rest = NULL;
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(item, '=');
        if (value == NULL) {
            return false;
        }
        *value++ = '\0';
        char *end;
        unsigned long number = strtoul(value, &end, 10);
        if (end == value || *end != '\0' || !set(settings, item, (uint32_t)number)) {
            return false;
        }
    }
    return true;
}

static bool build_board(void) {
    settings_t settings = {
        .sim = {.seed = 1, .sar_warmup_s = 120, .optical_stabilisation_s = 60, .science_octets_per_second = 20000},
        .spacecraft_id = SPACECRAFT_BENCH,
        .vm_event_us = VM_EVENT_US,
    };
    const char *text = getenv("EMEI_BOARD_SETTINGS");
    if (text != NULL && !read_settings(&settings, text)) {
        fprintf(stderr, "emei-host: EMEI_BOARD_SETTINGS cannot be read: %s\n", text);
        return false;
    }
    size_t sim_octets = sim_size();
    void *memory =
        mmap(NULL, sizeof(host_state_t) + sim_octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("emei-host: no shared memory for the board");
        return false;
    }
    host = memory;
    host->spacecraft_id = settings.spacecraft_id;
    host->vm_event_us = settings.vm_event_us;
    host->sim = sim_create_at(host + 1, sim_octets, &settings.sim);
    return host->sim != NULL;
}

/* A child that dies by itself is a software fault; one that crashes in C is an error of the board. */
static int run_boots(int argc, char **argv) {
    pid_t parent = getpid();
    for (;;) {
        pid_t child = fork();
        if (child < 0) {
            perror("emei-host: fork");
            return HOST_EXIT_CRASH;
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) {
                _exit(HOST_EXIT_QUIT);
            }
            board_init();
            int status = __real_main(argc, argv);
            fprintf(stderr, "emei-host: the application ended, status %d\n", status);
            board_reset(HAL_RESET_SOFTWARE_FAULT);
        }
        int status;
        if (waitpid(child, &status, 0) != child) {
            perror("emei-host: waitpid");
            return HOST_EXIT_CRASH;
        }
        if (WIFSIGNALED(status)) {
            fprintf(stderr, "emei-host: the board's process ended by signal %d\n", WTERMSIG(status));
            return HOST_EXIT_CRASH;
        }
        int code = WEXITSTATUS(status);
        if (code == HOST_EXIT_QUIT) {
            return 0;
        }
        if (code < HOST_EXIT_RESET || code > HOST_EXIT_RESET + HAL_RESET_UNCORRECTABLE_MEMORY) {
            return code;
        }
    }
}

int __wrap_main(int argc, char **argv) {
    bool controlled = host_control_open();
    if (!build_board()) {
        return EXIT_USAGE;
    }
    if (controlled) {
        return run_boots(argc, argv);
    }
    board_init();
    return __real_main(argc, argv);
}
