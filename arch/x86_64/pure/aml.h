/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of AML (ACPI 6.5 chapter 20): scopes, devices, names and resources, into a buffer that
 * it never exceeds. Pure.
 */
#ifndef X86_PURE_AML_H
#define X86_PURE_AML_H

#include <mullion/types.h>

struct aml {
	u8 *data;
	u32 size, used; /* bytes; used > size: the buffer was too small */
};

/** aml_byte() - append one byte. */
void aml_byte(struct aml *aml, u8 byte);
/** aml_bytes() - append @count bytes. */
void aml_bytes(struct aml *aml, const void *bytes, u32 count);
/** aml_u32() - append a number of 32 bits, little-endian. */
void aml_u32(struct aml *aml, u32 value);
/** aml_name() - append a name of four characters; a shorter one is filled with '_'. */
void aml_name(struct aml *aml, const char *name);

/** aml_begin_scope(), aml_begin_device() - open a block; aml_end() closes it by the returned
 * number. A block has at most 4095 bytes. */
u32 aml_begin_scope(struct aml *aml, const char *path);
u32 aml_begin_device(struct aml *aml, const char *name);
void aml_end(struct aml *aml, u32 block);

/** aml_name_string() - Name(@name, "@text"). */
void aml_name_string(struct aml *aml, const char *name, const char *text);
/** aml_name_number() - Name(@name, @value). */
void aml_name_number(struct aml *aml, const char *name, u32 value);
/** aml_name_eisa() - Name(@name, EisaId(@id)), e.g. "PNP0501". */
void aml_name_eisa(struct aml *aml, const char *name, const char *id);
/** aml_sleep_state() - Name(@name, Package { @type, @type, 0, 0 }). */
void aml_sleep_state(struct aml *aml, const char *name, u8 type);

/** aml_begin_resources(), aml_end_resources() - a device's Name(_CRS, ResourceTemplate { ... }).
 * Between them aml_ports() - @count ports from @first; aml_memory() - @size bytes at @base;
 * aml_interrupt() - input @gsi, by edge or level; aml_buses() - PCI buses @first to @last. */
u32 aml_begin_resources(struct aml *aml);
void aml_ports(struct aml *aml, u16 first, u8 count);
void aml_memory(struct aml *aml, u32 base, u32 size);
void aml_interrupt(struct aml *aml, u32 gsi, bool level);
void aml_buses(struct aml *aml, u8 first, u8 last);
void aml_end_resources(struct aml *aml, u32 block);

#endif
