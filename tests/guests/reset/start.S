/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest in real mode, as firmware is: a page that ends at 4 GiB, started at the reset vector. It
 * copies itself below 1 MiB, takes an interrupt by the table there, and writes to the core's log.
 * Then it sleeps from one tick of the 8254 to the next. They come by the 8259, and it knows no
 * APIC.
 */
#define CALL_LOG   0x4d554c01
#define TEXT_BYTES 16
#define PAGE_BYTES 0x1000
#define OFFSET     0xf000 /* of the page in its segment, here and in the copy */
#define SEGMENT    0x0800 /* of the copy */
#define STACK      0x7000
#define VECTOR     0x40
#define SERVED     0x1234
#define VECTOR_PIC 8
#define TICKS      20
#define PERIOD     11932 /* 10 ms */

#define AT(label) (OFFSET + (label) - page)

	.code16
	.text
page:
	cli
	cld
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %ss
	mov	$STACK, %sp
	mov	$AT(text_reset), %si
	call	log
	/* The code segment keeps its base of reset until a far jump. */
	mov	$SEGMENT, %ax
	mov	%ax, %es
	mov	$OFFSET, %si
	mov	$OFFSET, %di
	mov	$PAGE_BYTES, %cx
	rep movsb %cs:(%si), %es:(%di)
	movw	$AT(handler), 4 * VECTOR
	movw	$SEGMENT, 4 * VECTOR + 2
	ljmp	$SEGMENT, $AT(copy)
copy:
	int	$VECTOR
	cmp	$SERVED, %dx
	jne	1f
	mov	$AT(text_served), %si
	call	log
	movw	$AT(tick), 4 * VECTOR_PIC
	movw	$SEGMENT, 4 * VECTOR_PIC + 2
	xor	%bp, %bp
	mov	$0x11, %al
	out	%al, $0x20
	mov	$VECTOR_PIC, %al
	out	%al, $0x21
	mov	$0x04, %al
	out	%al, $0x21
	mov	$0x01, %al
	out	%al, $0x21
	mov	$0xfe, %al
	out	%al, $0x21
	mov	$0x34, %al
	out	%al, $0x43
	mov	$(PERIOD & 0xff), %al
	out	%al, $0x40
	mov	$(PERIOD >> 8), %al
	out	%al, $0x40
	sti
2:	hlt
	cmp	$TICKS, %bp
	jb	2b
	cli
	mov	$AT(text_ticks), %si
	call	log
1:	hlt
	jmp	1b
handler:
	mov	$SERVED, %dx
	iret

tick:
	inc	%bp
	push	%ax
	mov	$0x20, %al
	out	%al, $0x20
	pop	%ax
	iret

/* CS:SI: 16 bytes of text. */
log:
	mov	%cs:(%si), %ecx
	mov	%cs:4(%si), %edx
	mov	%cs:12(%si), %edi
	mov	%cs:8(%si), %esi
	mov	$TEXT_BYTES, %ebx
	mov	$CALL_LOG, %eax
	vmmcall
	ret

text_reset:
	.ascii	"[reset] vector.\n"
text_served:
	.ascii	"[reset] served.\n"
text_ticks:
	.ascii	"[reset] ticking\n"

	.org	page + PAGE_BYTES - 16
	jmp	page
	.org	page + PAGE_BYTES
