/* SPDX-License-Identifier: Apache-2.0 */
/* The text of print(): to the hypervisor's log if the call exists, else to the PL011. */
#include "guest.h"

#include <abi/vendor.h>

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

void arch_print(const char *text, size_t length)
{
	if (machine.mullion)
		log_call(text, length);
	else if (machine.uart != 0)
		uart_write(text, length);
}
