/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a guest: through the hypervisor's log call where it answers, else to the PL011. */
#include "guest.h"

#include <abi/vendor.h>

#define PRINT_MAX     256
#define PL011_DR      0x00
#define PL011_FR      0x18
#define PL011_FR_TXFF BIT(5)

static u32 lock;

static void log_call(const char *text, size_t length)
{
	while (length > 0) {
		u64 regs[8] = { VENDOR_LOG };
		size_t n = MIN(length, (size_t)VENDOR_LOG_MAX);

		regs[1] = n;
		memcpy(&regs[2], text, n);
		smccc_hvc(regs);
		text += n;
		length -= n;
	}
}

static void uart_write(const char *text, size_t length)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0)
		yield();
	for (size_t i = 0; i < length; i++) {
		while ((read32(machine.uart + PL011_FR) & PL011_FR_TXFF) != 0)
			yield();
		write32(machine.uart + PL011_DR, (u8)text[i]);
	}
	STORE(lock, 0);
}

void print(const char *fmt, ...)
{
	char text[PRINT_MAX];
	va_list args;
	size_t length;

	if (machine.quiet)
		return;
	va_start(args, fmt);
	length = MIN(format_va(text, sizeof(text), fmt, args), sizeof(text) - 1);
	va_end(args);
	if (machine.mullion)
		log_call(text, length);
	else if (machine.uart != 0)
		uart_write(text, length);
}
