/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile component's part for x86-64: addresses, and what raw.S tries. */
#ifndef TESTS_HOSTILE_ATTACKS_H
#define TESTS_HOSTILE_ATTACKS_H

#include <mullion/types.h>

#define CORE_VA    UINT64_C(0xffffffff80000000)
#define PHYSICAL   UINT64_C(0x40200000)
#define DEVICE     UINT64_C(0xfee00000)
#define HIGH       UINT64_C(0x0000800000000000) /* not canonical */
#define RETURN     0xc3c3c3c3u                  /* RET */
#define NUM_GRANTS 1u                           /* port 0x80 */

/* clang-format off */
#define RAW(X) \
	X(hlt) X(cli) X(sti) X(clts) X(invd) X(wbinvd) X(lgdt) X(lidt) X(lldt) X(ltr) X(sgdt) \
	X(sidt) X(sldt) X(str) X(smsw) X(lmsw) X(read_cr0) X(read_cr3) X(write_cr0) X(write_cr3) \
	X(write_cr4) X(write_cr8) X(read_dr6) X(write_dr0) X(write_dr7) X(rdmsr) X(wrmsr) \
	X(rdpmc) X(rdtsc) X(rdtscp) X(invlpg) X(invpcid) X(swapgs) X(xgetbv) X(xsetbv) \
	X(monitor) X(mwait) \
	X(rdfsbase) X(wrgsbase) X(rdpkru) X(wrpkru) X(clac) X(stac) X(rsm) X(encls) X(enclu) \
	X(getsec) X(vmcall) X(vmxon) X(vmlaunch) X(vmmcall) X(vmrun) X(vmload) X(stgi) X(clgi) \
	X(skinit) X(invlpga) X(syscall) X(sysret) X(sysenter) X(sysexit) X(ud2) X(int1) X(int3) \
	X(int_gp) X(int_nmi) X(int_pf) X(int_line) X(int_timer) X(int_kick) X(lock) X(long_insn) \
	X(divide) X(iret_core) X(far_core) X(far_data) X(far_table) X(far_call) X(ss_core) \
	X(ds_task) X(step) X(step_call) X(step_shadow) X(shadow_call) X(nested_task) X(iopl) \
	X(iret_flags) X(aligned) X(in_serial) X(in_absent) X(out_reset) X(out_pci) X(out_beside) \
	X(in_beside) X(in_last) X(insb) X(outsb) X(jump_high) X(ret_high) X(call_high) \
	X(stack_high) X(stack_core) X(call_stack) X(pop_high) X(x87) X(wait) X(control_word) \
	X(mmx) X(sse) X(mxcsr) X(fxsave) X(xsave) X(xrstor) X(avx) X(copy_up) X(copy_down) \
	X(copy_core) X(store_all) X(load_all) X(loop_call) X(loop)
/* clang-format on */

/* IA32_TSC_AUX, by RDPID: RDTSCP traps. */
static inline u64 hidden_residue(void)
{
	u32 a = 7, b, c = 0, d;
	u64 value = 0;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if ((c & 1u << 22) != 0)
		__asm__ volatile("rdpid %0" : "=r"(value));
	return value;
}

#endif
