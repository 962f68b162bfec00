/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings: ACPI 6.5 §20.2 (AML), §6.4 (resource descriptors), §19.3.4 (EISA ids). */
#include "arch/x86_64/pure/aml.h"

#include <mullion/string.h>

#define OP_NAME    0x08
#define OP_BYTE    0x0a
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_EXT     0x5b
#define OP_DEVICE  0x82

#define LENGTH_BYTES 3u /* of a block's length: the form for less than 1 MiB */
#define BUFFER_SIZE  2u /* OP_BYTE and the size */

#define PORTS       0x47
#define PORTS_16BIT 1
#define MEMORY      0x86
#define MEMORY_SIZE 9
#define INTERRUPT   0x89
#define BUSES       0x88
#define BUSES_SIZE  13
#define BUSES_TYPE  2
#define FIXED       0xc /* the first and the last */
#define CONSUMER    1
#define EDGE        2
#define END_TAG     0x79

void aml_byte(struct aml *aml, u8 byte)
{
	if (aml->used < aml->size)
		aml->data[aml->used] = byte;
	aml->used++;
}

void aml_bytes(struct aml *aml, const void *bytes, u32 count)
{
	const u8 *from = bytes;

	for (u32 i = 0; i < count; i++)
		aml_byte(aml, from[i]);
}

void aml_u32(struct aml *aml, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		aml_byte(aml, (u8)(value >> (8 * i)));
}

void aml_name(struct aml *aml, const char *name)
{
	for (u32 i = 0; i < 4; i++)
		aml_byte(aml, *name != '\0' ? (u8)*name++ : '_');
}

/* Leave room for the length of a block that begins here. */
static u32 begin(struct aml *aml)
{
	u32 block = aml->used;

	for (u32 i = 0; i < LENGTH_BYTES; i++)
		aml_byte(aml, 0);
	return block;
}

void aml_end(struct aml *aml, u32 block)
{
	u32 length = aml->used - block;

	if (aml->used > aml->size)
		return;
	aml->data[block] = (u8)(0x80 | (length & 0xf));
	aml->data[block + 1] = (u8)(length >> 4);
	aml->data[block + 2] = (u8)(length >> 12);
}

u32 aml_begin_scope(struct aml *aml, const char *path)
{
	u32 block;

	aml_byte(aml, OP_SCOPE);
	block = begin(aml);
	aml_byte(aml, '\\');
	aml_name(aml, path);
	return block;
}

u32 aml_begin_device(struct aml *aml, const char *name)
{
	u32 block;

	aml_byte(aml, OP_EXT);
	aml_byte(aml, OP_DEVICE);
	block = begin(aml);
	aml_name(aml, name);
	return block;
}

void aml_name_string(struct aml *aml, const char *name, const char *text)
{
	aml_byte(aml, OP_NAME);
	aml_name(aml, name);
	aml_byte(aml, OP_STRING);
	aml_bytes(aml, text, (u32)strlen(text) + 1);
}

void aml_name_number(struct aml *aml, const char *name, u32 value)
{
	aml_byte(aml, OP_NAME);
	aml_name(aml, name);
	aml_byte(aml, OP_DWORD);
	aml_u32(aml, value);
}

static u32 hex_digit(char c)
{
	return c <= '9' ? (u32)(c - '0') : (u32)(c - 'A') + 10;
}

/* Three letters of five bits, then four digits; the bytes stand in big-endian order. */
void aml_name_eisa(struct aml *aml, const char *name, const char *id)
{
	u32 letters = 0;

	for (u32 i = 0; i < 3; i++)
		letters = letters << 5 | ((u32)id[i] - '@');
	aml_byte(aml, OP_NAME);
	aml_name(aml, name);
	aml_byte(aml, OP_DWORD);
	aml_byte(aml, (u8)(letters >> 8));
	aml_byte(aml, (u8)letters);
	aml_byte(aml, (u8)(hex_digit(id[3]) << 4 | hex_digit(id[4])));
	aml_byte(aml, (u8)(hex_digit(id[5]) << 4 | hex_digit(id[6])));
}

void aml_sleep_state(struct aml *aml, const char *name, u8 type)
{
	const u8 values[4] = { type, type, 0, 0 };
	u32 block;

	aml_byte(aml, OP_NAME);
	aml_name(aml, name);
	aml_byte(aml, OP_PACKAGE);
	block = begin(aml);
	aml_byte(aml, ARRAY_SIZE(values));
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		aml_byte(aml, OP_BYTE);
		aml_byte(aml, values[i]);
	}
	aml_end(aml, block);
}

u32 aml_begin_resources(struct aml *aml)
{
	u32 block;

	aml_byte(aml, OP_NAME);
	aml_name(aml, "_CRS");
	aml_byte(aml, OP_BUFFER);
	block = begin(aml);
	aml_byte(aml, OP_BYTE);
	aml_byte(aml, 0);
	return block;
}

void aml_ports(struct aml *aml, u16 first, u8 count)
{
	const u8 ports[] = { PORTS,     PORTS_16BIT,      (u8)first, (u8)(first >> 8),
			     (u8)first, (u8)(first >> 8), 1,         count };

	aml_bytes(aml, ports, sizeof(ports));
}

void aml_memory(struct aml *aml, u32 base, u32 size)
{
	const u8 head[] = { MEMORY, MEMORY_SIZE, 0, 1 /* read and write */ };

	aml_bytes(aml, head, sizeof(head));
	aml_u32(aml, base);
	aml_u32(aml, size);
}

void aml_interrupt(struct aml *aml, u32 gsi, bool level)
{
	const u8 head[] = { INTERRUPT, 6, 0, (u8)(CONSUMER | (level ? 0 : EDGE)), 1 };

	aml_bytes(aml, head, sizeof(head));
	aml_u32(aml, gsi);
}

void aml_buses(struct aml *aml, u8 first, u8 last)
{
	const u8 buses[] = { BUSES, BUSES_SIZE, 0, BUSES_TYPE, FIXED,
			     0,     0,          0, first,      0,
			     last,  0,          0, 0,          (u8)(last - first + 1),
			     0 };

	aml_bytes(aml, buses, sizeof(buses));
}

/* The end tag's checksum 0 means that there is none. */
void aml_end_resources(struct aml *aml, u32 block)
{
	aml_byte(aml, END_TAG);
	aml_byte(aml, 0);
	aml_end(aml, block);
	if (aml->used <= aml->size)
		aml->data[block + LENGTH_BYTES + 1] =
			(u8)(aml->used - block - LENGTH_BYTES - BUFFER_SIZE);
}
