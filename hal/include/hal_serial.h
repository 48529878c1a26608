/* Interrupt-driven serial rings, one receive and one transmit ring a port. Single producer,
 * single consumer: the interrupt on one side, the application on the other. */
#ifndef HAL_SERIAL_H
#define HAL_SERIAL_H

#include "hal_board.h"

/* Set up the rings and open every port at the dictionary's bit rates. */
void hal_serial_init(void);

/* From the board's receive interrupt. A full ring drops the octet and counts it. */
void hal_serial_received(hal_serial_port_t port, uint8_t octet);

/* From the board's transmit interrupt: the next octet, or false when there is none. */
bool hal_serial_next(hal_serial_port_t port, uint8_t *octet);

/* Application side. Return the number of octets taken or given; never wait. */
size_t hal_serial_read(hal_serial_port_t port, uint8_t *data, size_t octets);
size_t hal_serial_write(hal_serial_port_t port, const uint8_t *data, size_t octets);
size_t hal_serial_readable(hal_serial_port_t port);
size_t hal_serial_writable(hal_serial_port_t port);
/* The received octet `offset` places ahead, left in the ring; -1 when there is none. */
int hal_serial_peek(hal_serial_port_t port, size_t offset);
void hal_serial_flush_receive(hal_serial_port_t port);

/* Octets dropped on a full receive ring since power-on. */
uint32_t hal_serial_overrun_octets(hal_serial_port_t port);

#endif
