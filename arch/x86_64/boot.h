/* SPDX-License-Identifier: Apache-2.0 */
/* Common parts of x86-64's boot files. */
#ifndef X86_64_BOOT_H
#define X86_64_BOOT_H

#include "arch/x86_64/pure/loader.h"

#ifndef __ASSEMBLER__
#include "arch/common/cpus.h"
#include "arch/x86_64/pure/host_tree.h"
#include <mullion/err.h>
#include <mullion/types.h>

/* The page below 1 MiB that other CPUs start in; its bytes are put back. Above the BIOS's data, and
 * below everything that a loader uses. */
#define TRAMPOLINE_PA UINT64_C(0x8000)

/** mmu_boot() - the core's tables; runs on those of start.S. The image lies at @image_pa. Returns
 * the core's CR3. */
u64 mmu_boot(u64 image_pa);
/** x86_boot() - the start in C, behind start.S. @loader: the loader's magic number; @info: its
 * information. Boot CPU. */
void x86_boot(u32 loader, u32 info) __noreturn;
/** loader_read() - what the loader handed over at @info, and the place of ACPI's root pointer, into
 * @facts. It stops the machine when the information makes no sense. Boot CPU. */
void loader_read(u32 loader, u32 info, struct host_facts *facts);
/** map_firmware() - the callback of struct acpi_memory. Boot CPU. */
const u8 *map_firmware(void *context, u64 pa, u64 bytes);
/** describe_host() - read the ACPI tables, and write the machine's tree into boot_info. Boot CPU.
 */
void describe_host(struct host_facts *facts);
/** stages_log() - the stages of the start, with the blocks of RAM that they took. Boot CPU, before
 * the other CPUs run. */
void stages_log(void);
/** tables_init() - this CPU's GDT, TSS and IDT. @cpu is the CPU that runs. */
void tables_init(struct cpu *cpu);
/** cpu_init() - this CPU's control registers. Returns ERR_UNSUPPORTED after it has logged what the
 * CPU lacks. Each CPU, once. */
enum err __must_check cpu_init(struct cpu *cpu);
/** cpu_describe() - this CPU's brand string. Boot CPU. */
void cpu_describe(char *buf, size_t size);
/** time_calibrate() - the rates of TSC and LAPIC timer, against the clock in @facts. Boot CPU. */
void time_calibrate(struct host_facts *facts);
/** time_init_cpu() - the deadline timer of this CPU, after its local APIC. */
void time_init_cpu(void);
/** power_init() - the ways to restart the machine and switch it off. Boot CPU. */
void power_init(const struct host_facts *facts);
/** cpu_stop() - this CPU does nothing any more, interrupts masked. */
void cpu_stop(void) __noreturn;
/** cpu_random() - a number of the CPU's generator. Returns false if it has none: @value is the
 * counter then. Boot CPU. */
bool cpu_random(u64 *value);

#endif

#endif
