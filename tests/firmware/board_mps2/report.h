/* What the check programs share: a line on the console, and time. How text comes to the console is each program's. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "boards/mps2_an500/board.h"

static void print(const char *text);

/* One `name value` a line. */
static void report(const char *name, uint64_t value) {
    char digits[21];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    print(name);
    print(" ");
    print(first);
    print("\n");
}

static void wait_ms(uint32_t ms) {
    uint64_t end_us = board_time_us() + ms * 1000u;
    while (board_time_us() < end_us) {
        board_wait(end_us);
    }
}

#endif
