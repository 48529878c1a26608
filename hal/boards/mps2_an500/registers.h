/* Registers of the MPS2 board with the AN500 image (Arm Cortex-M7), as qemu's mps2-an500 models
 * them. Sources: Arm Application Note 500, CMSDK technical reference manual (DDI 0479),
 * ARMv7-M architecture reference manual (DDI 0403). */
#ifndef MPS2_AN500_REGISTERS_H
#define MPS2_AN500_REGISTERS_H

#include <stdint.h>

#define BOARD_CLOCK_HZ 25000000u

/* CMSDK UART. */
typedef volatile struct { uint32_t data, state, control, interrupt_status, baud_divider; } uart_registers_t;

#define UART_STATE_TX_FULL 1u
#define UART_STATE_RX_FULL 2u
#define UART_CONTROL_TX_ENABLE 1u
#define UART_CONTROL_RX_ENABLE 2u
#define UART_CONTROL_TX_INTERRUPT 4u
#define UART_CONTROL_RX_INTERRUPT 8u
#define UART_INTERRUPT_TX 1u
#define UART_INTERRUPT_RX 2u

#define UART0 ((uart_registers_t *)0x40004000)
#define UART1 ((uart_registers_t *)0x40005000)
#define UART2 ((uart_registers_t *)0x40006000)
#define UART3 ((uart_registers_t *)0x40007000)

/* The receive interrupts; each UART's transmit interrupt is the next number. */
#define UART0_IRQ 0
#define UART1_IRQ 2
#define UART2_IRQ 4
#define UART3_IRQ 18

/* CMSDK timer: counts down from reload at the board clock. */
typedef volatile struct { uint32_t control, value, reload, interrupt_status; } timer_registers_t;

#define TIMER_CONTROL_ENABLE 1u
#define TIMER_CONTROL_INTERRUPT 8u
#define TIMER0 ((timer_registers_t *)0x40000000)
#define TIMER0_IRQ 8
#define TIMER1 ((timer_registers_t *)0x40001000)

/* CMSDK dual timer, its first half (DDI 0479, 4.3). */
typedef volatile struct { uint32_t load, value, control, interrupt_clear; } dualtimer_registers_t;

#define DUALTIMER_CONTROL_ONE_SHOT 0x01u
#define DUALTIMER_CONTROL_32_BITS 0x02u
#define DUALTIMER_CONTROL_INTERRUPT 0x20u
#define DUALTIMER_CONTROL_ENABLE 0x80u
#define DUALTIMER ((dualtimer_registers_t *)0x40002000)
#define DUALTIMER_IRQ 10

/* CMSDK watchdog: counts down from load at the board clock; NMI at 0, reset at the second 0. */
typedef volatile struct { uint32_t load, value, control, interrupt_clear; } watchdog_registers_t;

#define WATCHDOG_CONTROL_INTERRUPT 1u
#define WATCHDOG_CONTROL_RESET 2u
#define WATCHDOG_UNLOCK 0x1ACCE551u
#define WATCHDOG ((watchdog_registers_t *)0x40008000)
#define WATCHDOG_LOCK (*(volatile uint32_t *)0x40008C00)

/* FPGAIO: counts up once every (prescaler + 1) board clocks. */
#define FPGAIO_COUNTER (*(volatile uint32_t *)0x40028018)
#define FPGAIO_PRESCALER (*(volatile uint32_t *)0x4002801C)

/* Core. */
#define NVIC_SET_ENABLE ((volatile uint32_t *)0xE000E100)
#define NVIC_SET_PENDING ((volatile uint32_t *)0xE000E200)
#define NVIC_PRIORITY ((volatile uint8_t *)0xE000E400)
#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08)
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0C)
#define SCB_SHCSR (*(volatile uint32_t *)0xE000ED24)
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28)
#define SCB_HFSR (*(volatile uint32_t *)0xE000ED2C)
#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88)
#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9C)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0)

#define AIRCR_KEY_RESET 0x05FA0004u
#define SHCSR_FAULTS_ENABLE 0x00070000u /* usage, bus and memory-management faults */
#define CPACR_FPU_ENABLE 0x00F00000u
#define MPU_ENABLE_WITH_DEFAULT_MAP 5u
#define MPU_REGION_VALID 0x10u
#define MPU_RASR_READ_ONLY (0x6u << 24)
#define MPU_RASR_NO_ACCESS (1u << 28) /* and execute never */
#define MPU_RASR_NORMAL_MEMORY (0x2u << 16)
#define MPU_RASR_SIZE(log2_octets) ((((log2_octets)-1u) << 1) | 1u)

#endif
