/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that the core does not decode: their accesses of the guest's RAM and devices. */
#include "components/vmm/x86/devices.h"
#include "components/vmm/x86/execute.h"

#include <mullion/string.h>

/* The exit that is served. */
static struct x86_insn_state state;
static const struct component_info *granted;
static u64 exit_number;

static bool table_entry(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	const u8 *at = (const u8 __force *)guest_readable(granted, gpa, bytes);

	(void)context;
	*entry = 0;
	if (at == NULL)
		return false;
	/* Other vCPUs may change it: one load, and entries are aligned. */
	*entry = bytes == 8 ? *(const volatile u64 *)at : *(const volatile u32 *)at;
	return true;
}

/* Nothing is at an address that has faulted and is no device's, nor at such a port. Another address
 * is not the vmm's to access. */
static bool is_absent(u64 gpa)
{
	return gpa >= PORT_BASE || gpa / PAGE_SIZE == state.gpa / PAGE_SIZE;
}

static bool operand_read(void *context, u64 gpa, u32 bytes, u64 *value)
{
	const u8 *at = (const u8 __force *)guest_readable(granted, gpa, bytes);

	(void)context;
	if (at == NULL) {
		*value = UINT64_MAX;
		return device_read_at(gpa, bytes, exit_number, value) || is_absent(gpa);
	}
	*value = 0;
	memcpy(value, at, bytes);
	return true;
}

static bool operand_write(void *context, u64 gpa, u32 bytes, u64 value)
{
	u8 *at = (u8 __force *)guest_memory(granted, gpa, bytes);

	(void)context;
	if (at == NULL)
		return device_write_at(gpa, bytes, exit_number, value) || is_absent(gpa);
	memcpy(at, &value, bytes);
	return true;
}

struct answer x86_execute_exit(const struct component_info *info, u64 where, u64 number)
{
	static const struct x86_bus bus = {
		.table = table_entry,
		.read = operand_read,
		.write = operand_write,
	};

	granted = info;
	exit_number = number;
	if (!sys_vcpu_state(EXIT_VCPU(where), &state))
		return ANSWER_FAULT;
	x86_execute(&state, &bus);
	return (struct answer){ (uintptr_t)&state, RESUME_STATE };
}
