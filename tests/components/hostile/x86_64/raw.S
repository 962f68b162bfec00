/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile component's start on x86-64, and what C cannot say. */
	.set	PORT, 0x80 /* granted, and none beside it */
	.set	CALL, 0x80
	.set	TRAP, 0x100
	.set	IOPL, 0x3000
	.set	NESTED, 0x4000
	.set	DOWN, 0x400
	.set	ALIGN, 0x40000
	.set	MASKABLE, 0x202 /* flags at the start */
	.set	CORE, 0xffffffff80001000

	.section .text.start, "ax"
	.globl	_start
/* RDI: the page of information. Every other register must be zero: it could be a leak. */
_start:
	pushf
	mov	%rax, %rsi
	.irp	reg, rbx, rcx, rdx, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	or	%\reg, %rsi
	.endr
	.irp	reg, ds, es, fs, gs
	mov	%\reg, %eax
	or	%rax, %rsi
	.endr
	pop	%rax
	xor	$MASKABLE, %rax
	or	%rax, %rsi
	call	hostile_main
	jmp	.

	.text
/* u64 syscall_raw(u64 number, const u64 arguments[6]): RAX as the core left it. */
	.globl	syscall_raw
syscall_raw:
	mov	%rdi, %rax
	mov	%rsi, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
	int	$CALL
	ret

/* u64 registers_changed(u64 number): make a system call without arguments. It changes no register
 * but arguments and results, and no flag. Returns 0, or what was mixed up. The granted port can be
 * read and written. */
	.globl	registers_changed
registers_changed:
	in	$PORT, %al
	out	%al, $PORT
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, %rax
	.irp	reg, rbx, rcx, rbp, r9, r11, r12, r13, r14, r15
	mov	$0x5500aa55, %\reg
	.endr
	mov	%rsp, saved_stack
	pushq	$(MASKABLE | DOWN | NESTED | ALIGN)
	popf
	int	$CALL
	pushf
	pop	%rax
	push	$2
	popf
	xor	$(MASKABLE | DOWN | NESTED | ALIGN), %rax
	.irp	reg, rbx, rcx, rbp, r9, r11, r12, r13, r14, r15
	xor	$0x5500aa55, %\reg
	or	%\reg, %rax
	.endr
	mov	saved_stack, %rcx
	xor	%rsp, %rcx
	or	%rcx, %rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* Each of these must not return. RAX and RCX are zero. */
.macro ATTACK name, insn
	.globl	attack_\name
attack_\name:
	xor	%eax, %eax
	xor	%ecx, %ecx
	\insn
	ret
.endm

	ATTACK	hlt, hlt
	ATTACK	cli, cli
	ATTACK	sti, sti
	ATTACK	clts, clts
/* QEMU ignores these two in ring 3 as well. */
	ATTACK	invd, "invd; ud2"
	ATTACK	wbinvd, "wbinvd; ud2"
	ATTACK	lgdt, "lgdt table"
	ATTACK	lidt, "lidt table"
	ATTACK	lldt, "lldt %ax"
	ATTACK	ltr, "ltr %ax"
	ATTACK	sgdt, "sgdt table"
	ATTACK	sidt, "sidt table"
	ATTACK	sldt, "sldt %eax"
	ATTACK	str, "str %eax"
	ATTACK	smsw, "smsw %eax"
	ATTACK	lmsw, "lmsw %ax"
	ATTACK	read_cr0, "mov %cr0, %rax"
	ATTACK	read_cr3, "mov %cr3, %rax"
	ATTACK	write_cr0, "mov %rax, %cr0"
	ATTACK	write_cr3, "mov %rax, %cr3"
	ATTACK	write_cr4, "mov %rax, %cr4"
	ATTACK	write_cr8, "mov %rax, %cr8"
	ATTACK	read_dr6, "mov %dr6, %rax"
	ATTACK	write_dr0, "mov %rax, %dr0"
	ATTACK	write_dr7, "mov %rax, %dr7"
	ATTACK	rdmsr, "mov $0x1b, %ecx; rdmsr"
	ATTACK	wrmsr, "mov $0xc0000082, %ecx; wrmsr"
	ATTACK	rdpmc, rdpmc
	ATTACK	rdtsc, rdtsc
	ATTACK	rdtscp, rdtscp
	ATTACK	invlpg, "invlpg (%rax)"
	ATTACK	invpcid, "invpcid table, %rax"
	ATTACK	swapgs, swapgs
	ATTACK	xgetbv, xgetbv
	ATTACK	xsetbv, "mov $1, %al; xor %edx, %edx; xsetbv"
	ATTACK	monitor, monitor
	ATTACK	mwait, mwait
	ATTACK	rdfsbase, "rdfsbase %rax"
	ATTACK	wrgsbase, "wrgsbase %rax"
	ATTACK	rdpkru, rdpkru
	ATTACK	wrpkru, "xor %edx, %edx; wrpkru"
	ATTACK	clac, clac
	ATTACK	stac, stac
	ATTACK	rsm, rsm
	ATTACK	encls, encls
	ATTACK	enclu, enclu
	ATTACK	getsec, getsec
	ATTACK	vmcall, vmcall
	ATTACK	vmxon, "vmxon table"
	ATTACK	vmlaunch, vmlaunch
	ATTACK	vmmcall, vmmcall
	ATTACK	vmrun, vmrun
	ATTACK	vmload, vmload
	ATTACK	stgi, stgi
	ATTACK	clgi, clgi
	ATTACK	skinit, skinit
	ATTACK	invlpga, invlpga
	ATTACK	syscall, syscall
	ATTACK	sysret, "lea 1f(%rip), %rcx; mov $MASKABLE, %r11d; sysretq; 1: nop"
	ATTACK	sysenter, "mov %rsp, %rcx; lea 1f(%rip), %rdx; sysenter; 1: nop"
	ATTACK	sysexit, "mov %rsp, %rcx; lea 1f(%rip), %rdx; sysexitq; 1: nop"
	ATTACK	ud2, ud2
	ATTACK	int1, int1
	ATTACK	int3, int3
	ATTACK	int_nmi, "int $2"
	ATTACK	int_gp, "int $13"
	ATTACK	int_pf, "int $14"
	ATTACK	int_line, "int $0x34"
	ATTACK	int_kick, "int $0xf0"
	ATTACK	int_timer, "int $0xf1"
	ATTACK	lock, ".byte 0xf0; nop"
	ATTACK	long_insn, ".rept 15; .byte 0x66; .endr; nop"
	ATTACK	divide, "xor %edx, %edx; div %ecx"

.macro STEP
	push	$(MASKABLE | TRAP)
	popf
.endm

/* To @rip in @cs with @flags, by IRET. */
.macro IRET cs, rip, flags
	mov	%rsp, %rcx
	push	$0x1b
	push	%rcx
	push	$\flags
	push	$\cs
	push	\rip
	iretq
.endm

/* Segments of the core, of data, of no table. */
	ATTACK	iret_core, "IRET 8, $CORE, MASKABLE"
	ATTACK	far_core, "push $8; push $CORE; lretq"
	ATTACK	far_data, "lea 1f(%rip), %rax; push $0x1b; push %rax; lretq; 1: nop"
	ATTACK	far_table, "lea 1f(%rip), %rax; push $0x27; push %rax; lretq; 1: nop"
	ATTACK	far_call, "movw $0x28, far + 4; lcall *far"
	ATTACK	ss_core, "mov $0x10, %eax; mov %eax, %ss"
	ATTACK	ds_task, "mov $0x28, %eax; mov %eax, %ds"

/* Flags. A step that ends in the core is no step of the core. */
	ATTACK	step, "STEP; nop"
	ATTACK	step_call, "mov $9, %eax; STEP; int $CALL; nop"
	ATTACK	step_shadow, "mov $9, %eax; mov %ss, %edx; STEP; mov %edx, %ss; int $CALL; nop"
	ATTACK	shadow_call, "mov $9, %eax; mov %ss, %edx; mov %edx, %ss; int $CALL; ud2"
	ATTACK	nested_task, "push $(MASKABLE | NESTED); popf; IRET 0x23, $nothing, MASKABLE"
	ATTACK	iopl, "push $(MASKABLE | IOPL); popf; cli"
	ATTACK	iret_flags, "IRET 0x23, $input, MASKABLE | IOPL"
/* Alignment is not checked: the mask of CR0 is off. */
	ATTACK	aligned, "push $(MASKABLE | ALIGN); popf; mov -7(%rsp), %rax; ud2"

	ATTACK	in_serial, "mov $0x3f8, %edx; in %dx, %al"
	ATTACK	in_absent, "mov $0x1234, %edx; in %dx, %al"
	ATTACK	out_reset, "mov $0xcf9, %edx; out %al, %dx"
	ATTACK	out_pci, "mov $0xcf8, %edx; out %eax, %dx"
	ATTACK	out_beside, "out %eax, $PORT"
	ATTACK	in_beside, "in $(PORT - 1), %ax"
	ATTACK	in_last, "mov $0xffff, %edx; in %dx, %eax"
	ATTACK	insb, "mov $0x60, %edx; mov $-1, %rcx; mov $table, %edi; rep insb"
	ATTACK	outsb, "mov $0x61, %edx; mov $-1, %rcx; mov $table, %esi; rep outsb"

/* Addresses that are not canonical, and stacks elsewhere. */
	ATTACK	jump_high, "mov $(1 << 47), %rax; jmp *%rax"
	ATTACK	ret_high, "mov $(1 << 63), %rax; push %rax; ret"
	ATTACK	call_high, "mov $-(1 << 48), %rax; call *%rax"
	ATTACK	stack_high, "mov $(1 << 63), %rsp; push %rax"
	ATTACK	stack_core, "mov $CORE, %rsp; push %rax"
	ATTACK	call_stack, "mov $(1 << 63), %rsp; mov $9, %eax; int $CALL; push %rax"
	ATTACK	pop_high, "mov $(1 << 47), %rsp; popf"

/* FP and vectors: the registers are a guest's. */
	ATTACK	x87, fld1
	ATTACK	wait, fwait
	ATTACK	control_word, "fnstcw table"
	ATTACK	mmx, "emms; ud2" /* QEMU */
	ATTACK	sse, "xorps %xmm0, %xmm0"
	ATTACK	mxcsr, "stmxcsr table"
	ATTACK	fxsave, "fxsave area"
	ATTACK	xsave, "mov $-1, %eax; mov $-1, %edx; xsave area"
	ATTACK	xrstor, "mov $-1, %eax; mov $-1, %edx; xrstor area"
	ATTACK	avx, vzeroupper

/* Copies without end. */
	ATTACK	copy_up, "mov $-1, %rcx; mov $table, %esi; mov $area, %edi; rep movsb"
	ATTACK	copy_down, "mov $-1, %rcx; mov $table, %esi; mov $area, %edi; std; rep movsq"
	ATTACK	copy_core, "mov $-1, %rcx; mov $CORE, %rsi; mov $area, %edi; rep movsb"
	ATTACK	store_all, "mov $-1, %rcx; mov $CORE, %rdi; rep stosq"
	ATTACK	load_all, "mov $-1, %rcx; mov $_start, %esi; rep lodsb"

input:	in	$0x60, %al
nothing:
	ret

	.globl	attack_loop_call
attack_loop_call:
	mov	$10, %eax /* SYS_YIELD */
	int	$CALL
	jmp	attack_loop_call

	.globl	attack_loop
attack_loop:
	jmp	.

	.bss
	.balign	64
area:	.skip	4096
table:	.skip	16
far:	.skip	16
saved_stack:
	.skip	8
