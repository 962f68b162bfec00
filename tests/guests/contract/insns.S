/* SPDX-License-Identifier: Apache-2.0 */
/* Single instructions that the tests run one at a time: see execute() and contract.h. */
	.arch	armv8.5-a+sve

	.macro	insn name:req, text:vararg
	.globl	insn_\name
insn_\name:
	\text
	.endm

	.section .rodata
	.balign	4
	insn	ldp_w, ldp w0, w1, [x2]
	insn	ldp_x, ldp x0, x1, [x2]
	insn	stp_x, stp x0, x1, [x2]
	insn	ldr_post, ldr w0, [x2], #4
	insn	ldr_pre, ldr w0, [x2, #8]!
	insn	ldrb_post, ldrb w0, [x2], #1
	insn	str_post, str w0, [x2], #4
	insn	ldr_x, ldr x0, [x2]
	insn	str_x, str x0, [x2]
	insn	ldr_q, ldr q0, [x2]
	insn	ldxr, ldxr w0, [x2]
	insn	ldrb, ldrb w0, [x2]
	insn	ldrsb_w, ldrsb w0, [x2]
	insn	ldrsb_x, ldrsb x0, [x2]
	insn	ldrh, ldrh w0, [x2]
	insn	ldrsh_w, ldrsh w0, [x2]
	insn	ldrsh_x, ldrsh x0, [x2]
	insn	ldr_w, ldr w0, [x2]
	insn	ldrsw, ldrsw x0, [x2]
	insn	ldr_wzr, ldr wzr, [x2]
	insn	str_wzr, str wzr, [x2]
	insn	ldar, ldar w0, [x2]
	insn	ldadd, ldadd w0, w1, [x2]
	insn	swp, swp w0, w1, [x2]
	insn	dc_zva, dc zva, x2
	insn	rdvl, rdvl x0, #1
	insn	pacia, pacia x0, x1
	insn	autia, autia x0, x1
	insn	crc32w, crc32w w0, w0, w1
	insn	ldapr, ldapr w0, [x2]
	insn	dc_cvap, dc cvap, x2
	insn	udf, udf #0
	insn	brk, brk #7
	insn	svc, svc #5
	insn	hvc_imm, hvc #0x1234
	insn	hvc, hvc #0
	insn	smc, smc #0
	insn	at_s12e1r, at s12e1r, x2
	insn	msr_vttbr, msr vttbr_el2, x0
