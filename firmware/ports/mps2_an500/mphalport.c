/* What MicroPython asks of a port: time and standard streams. The streams are the console. */
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/readline/readline.h"

#include "boards/mps2_an500/board.h"
#include "hal_serial.h"

/* How long output waits for a console that does not take it, before it is dropped. */
#define CONSOLE_PATIENCE_US 20000u

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)board_time_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(board_time_us() / 1000u);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mp_hal_ticks_us();
}

uint64_t mp_hal_time_ns(void) {
    return board_time_us() * 1000u;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end_us = board_time_us() + us;
    while (board_time_us() < end_us) {
        mp_event_handle_nowait();
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end_us = board_time_us() + (uint64_t)ms * 1000u;
    while (board_time_us() < end_us) {
        mp_event_handle_nowait();
        board_wait(end_us);
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t octets) {
    uint64_t give_up_us = board_time_us() + CONSOLE_PATIENCE_US;
    size_t done = 0;
    while (done < octets) {
        size_t given = hal_serial_write(HAL_SERIAL_CONSOLE, (const uint8_t *)text + done, octets - done);
        done += given;
        if (given == 0) {
            if (board_time_us() >= give_up_us) {
                break;
            }
            board_wait(give_up_us);
        }
    }
    return done;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    return hal_serial_readable(HAL_SERIAL_CONSOLE) > 0 ? poll_flags & MP_STREAM_POLL_RD : 0;
}

#if EMEI_REPL
/* Only the REPL reads. It keeps the watchdog quiet: nobody else is left to do so. */
int mp_hal_stdin_rx_chr(void) {
    uint8_t octet;
    while (hal_serial_read(HAL_SERIAL_CONSOLE, &octet, 1) == 0) {
        board_watchdog_feed();
        mp_event_handle_nowait();
        board_wait(board_time_us() + 1000u);
    }
    return octet;
}

/* Two Ctrl-C in a row stop the application, as KeyboardInterrupt. */
bool board_console_octet(uint8_t octet) {
    static bool interrupt_seen;
    bool stop = octet == CHAR_CTRL_C && interrupt_seen;
    interrupt_seen = octet == CHAR_CTRL_C && !stop;
    if (stop) {
        mp_sched_keyboard_interrupt();
    }
    return stop;
}
#else
/* The flight image reads nothing from its console. */
int mp_hal_stdin_rx_chr(void) {
    return 0;
}

bool board_console_octet(uint8_t octet) {
    (void)octet;
    return true;
}
#endif
