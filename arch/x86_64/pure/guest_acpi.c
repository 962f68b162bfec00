/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables say what the vmm's devices and the core's interrupt controllers are. A guest without
 * the device acpi-pm has hardware-reduced ACPI.
 */
#include "arch/x86_64/pure/guest_acpi.h"

#include <abi/component.h>
#include <abi/pc.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "arch/x86_64/pure/aml.h"
#include "arch/x86_64/pure/platform.h"
#include <mullion/bytes.h>

#define HEADER_BYTES 36u
#define FADT_BYTES   276u
#define FACS_BYTES   64u
#define TABLE_ALIGN  64u

/* FADT: §5.2.9. */
#define FADT_FACS        36u
#define FADT_DSDT        40u
#define FADT_SCI         46u
#define FADT_PM1_EVENT   56u
#define FADT_PM1_CONTROL 64u
#define FADT_PM_TIMER    76u
#define FADT_EVENT_LEN   88u
#define FADT_CONTROL_LEN 89u
#define FADT_TIMER_LEN   91u
#define FADT_C2_LATENCY  96u
#define FADT_C3_LATENCY  98u
#define FADT_CENTURY     108u
#define FADT_BOOT_ARCH   109u
#define FADT_FLAGS       112u
#define FADT_RESET       116u
#define FADT_RESET_VALUE 128u
#define FADT_MINOR       131u
#define FADT_X_DSDT      140u
#define FADT_X_EVENT     148u
#define FADT_X_CONTROL   172u
#define FADT_X_TIMER     208u

#define CMOS_CENTURY     0x32
#define BOOT_LEGACY      BIT(0) /* devices of an ISA bus */
#define BOOT_NO_VGA      BIT(2)
#define BOOT_NO_CMOS     BIT(5)
#define FLAG_WBINVD      BIT(0)
#define FLAG_C1          BIT(2)
#define FLAG_NO_POWER    BIT(4) /* no fixed power button */
#define FLAG_NO_SLEEP    BIT(5)
#define FLAG_NO_RTC_WAKE BIT(6)
#define FLAG_TIMER_32    BIT(8)
#define FLAG_RESET       BIT(10)
#define FLAG_REDUCED     BIT(20)

/* MADT: §5.2.12. */
#define MADT_LAPIC     0
#define MADT_IOAPIC    1
#define MADT_OVERRIDE  2
#define MADT_LAPIC_NMI 4
#define MADT_PIC       1   /* there are two 8259 as well */
#define LEVEL_HIGH     0xd /* MPS INTI flags */

#define PCI_ID    "PNP0A03"
#define VIRTIO_ID "LNRO0005"

/* A generic address of the I/O space (§5.2.3.2). */
#define SPACE_IO 1

struct tables {
	u8 *data;
	u32 size, used; /* bytes; used > size: they do not suffice */
	u64 gpa;
};

static const struct config_region *find_emulated(const struct config_guest *guest,
						 const char *device)
{
	for (u32 i = 0; i < guest->num_regions; i++)
		if (guest->regions[i].device != NULL && str_equal(guest->regions[i].device, device))
			return &guest->regions[i];
	return NULL;
}

static bool has_port(const struct config_guest *guest, const char *device, u32 port)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		if (region->device != NULL && str_equal(region->device, device) &&
		    PORT_BASE + port - region->gpa.v < region->size)
			return true;
	}
	return false;
}

static u8 checksum(const u8 *data, u32 bytes)
{
	u8 sum = 0;

	for (u32 i = 0; i < bytes; i++)
		sum = (u8)(sum + data[i]);
	return (u8)-sum;
}

/* Room for @bytes, zeroed; NULL if there is none. */
static u8 *add_table(struct tables *t, u32 bytes, u64 *gpa)
{
	u32 at = (u32)ALIGN_UP(t->used, TABLE_ALIGN);

	if (at > t->size || bytes > t->size - at) {
		t->used = t->size + 1;
		return NULL;
	}
	t->used = at + bytes;
	*gpa = t->gpa + at;
	memset(t->data + at, 0, bytes);
	return t->data + at;
}

/* ACPI's names fill their fields, without a NUL. */
static void store_name(u8 *to, const char *name, u32 length)
{
	for (u32 i = 0; i < length; i++)
		to[i] = (u8)name[i];
}

static void fill_header(u8 *table, const char *signature, u32 bytes, u8 revision)
{
	store_name(table, signature, 4);
	store32(table + 4, bytes);
	table[8] = revision;
	store_name(table + 10, "MULLIO", 6);
	store_name(table + 16, "MULLION ", 8);
	store32(table + 24, 1);
	store_name(table + 28, "MULL", 4);
	store32(table + 32, 1);
	table[9] = checksum(table, bytes);
}

static void put_ports(u8 *fadt, u32 at, u32 port, u8 bytes)
{
	fadt[at] = SPACE_IO;
	fadt[at + 1] = (u8)(bytes * 8);
	store64(fadt + at + 4, port);
}

static void put_pm(u8 *fadt, u32 base)
{
	store16(fadt + FADT_SCI, ACPI_SCI);
	store32(fadt + FADT_PM1_EVENT, base + ACPI_PM1_EVENT);
	store32(fadt + FADT_PM1_CONTROL, base + ACPI_PM1_CONTROL);
	store32(fadt + FADT_PM_TIMER, base + ACPI_PM_TIMER);
	fadt[FADT_EVENT_LEN] = 4;
	fadt[FADT_CONTROL_LEN] = 2;
	fadt[FADT_TIMER_LEN] = 4;
	put_ports(fadt, FADT_X_EVENT, base + ACPI_PM1_EVENT, 4);
	put_ports(fadt, FADT_X_CONTROL, base + ACPI_PM1_CONTROL, 2);
	put_ports(fadt, FADT_X_TIMER, base + ACPI_PM_TIMER, 4);
}

static void add_fadt(struct tables *t, const struct config_guest *guest, u64 dsdt, u64 *gpa)
{
	const struct config_region *pm = find_emulated(guest, "acpi-pm");
	u32 flags = FLAG_WBINVD | FLAG_C1 | FLAG_NO_POWER | FLAG_NO_SLEEP | FLAG_NO_RTC_WAKE;
	u16 boot = BOOT_LEGACY | BOOT_NO_VGA;
	u8 *facs, *fadt;
	u64 at;

	facs = add_table(t, FACS_BYTES, &at);
	fadt = add_table(t, FADT_BYTES, gpa);
	if (facs == NULL || fadt == NULL)
		return;
	store_name(facs, "FACS", 4);
	store32(facs + 4, FACS_BYTES);
	facs[32] = 2;
	if (pm != NULL) {
		put_pm(fadt, (u32)(pm->gpa.v - PORT_BASE));
		store32(fadt + FADT_FACS, (u32)at);
	}
	flags |= (u32)(pm != NULL ? FLAG_TIMER_32 : FLAG_REDUCED);
	if (find_emulated(guest, "mc146818") != NULL)
		fadt[FADT_CENTURY] = CMOS_CENTURY;
	else
		boot |= (u16)BOOT_NO_CMOS;
	if (has_port(guest, "pci-host", ACPI_RESET_PORT)) {
		flags |= FLAG_RESET;
		put_ports(fadt, FADT_RESET, ACPI_RESET_PORT, 1);
		fadt[FADT_RESET_VALUE] = ACPI_RESET_VALUE;
	}
	store32(fadt + FADT_DSDT, (u32)dsdt);
	store64(fadt + FADT_X_DSDT, dsdt);
	store16(fadt + FADT_C2_LATENCY, 0xfff);  /* there is no C2 */
	store16(fadt + FADT_C3_LATENCY, 0xffff); /* nor C3 */
	store16(fadt + FADT_BOOT_ARCH, boot);
	store32(fadt + FADT_FLAGS, flags);
	fadt[FADT_MINOR] = 0;
	fill_header(fadt, "FACP", FADT_BYTES, 6);
}

static void add_override(u8 **at, u8 source, u32 gsi, u16 flags)
{
	u8 *p = *at;

	p[0] = MADT_OVERRIDE;
	p[1] = 10;
	p[3] = source;
	store32(p + 4, gsi);
	store16(p + 8, flags);
	*at = p + 10;
}

static void add_madt(struct tables *t, const struct config_guest *guest, u64 *gpa)
{
	u32 bytes = HEADER_BYTES + 8 + guest->num_vcpus * 8 + 12 + 2 * 10 + 6;
	u8 *madt = add_table(t, bytes, gpa), *p;

	if (madt == NULL)
		return;
	store32(madt + 36, (u32)X86_LAPIC);
	store32(madt + 40, find_emulated(guest, "i8259") != NULL ? MADT_PIC : 0);
	p = madt + 44;
	for (u32 i = 0; i < guest->num_vcpus; i++, p += 8) {
		p[0] = MADT_LAPIC;
		p[1] = 8;
		p[2] = (u8)i;
		p[3] = (u8)i;
		store32(p + 4, 1); /* enabled */
	}
	p[0] = MADT_IOAPIC;
	p[1] = 12;
	store32(p + 4, (u32)X86_IOAPIC);
	p += 12;
	add_override(&p, 0, ACPI_TIMER_GSI, 0);
	add_override(&p, ACPI_SCI, ACPI_SCI, LEVEL_HIGH);
	p[0] = MADT_LAPIC_NMI;
	p[1] = 6;
	p[2] = 0xff; /* of every CPU */
	p[5] = 1;    /* LINT1 */
	fill_header(madt, "APIC", bytes, 5);
}

/* Devices that a guest finds by ACPI. Linux's virtio_mmio driver knows them by LNRO0005. */
static const struct kind {
	const char *model, *compatible; /* emulated, passed through */
	const char *name, *id;
} kinds[] = {
	{ "ns16550", "ns16550a", "COM%u", "PNP0501" },
	{ "mc146818", "motorola,mc146818", "RTC%u", "PNP0B00" },
	{ "pci-host", NULL, "PCI%u", PCI_ID },
	{ NULL, NULL, "VR%02u", VIRTIO_ID }, /* each that has a doorbell */
};

static bool is_kind(const struct config_region *region, const struct kind *kind)
{
	if (region->kind == REGION_VIRTUAL)
		return kind->model != NULL ? str_equal(region->device, kind->model)
					   : region->doorbell;
	return region->kind == REGION_DEVICE && region->compatible != NULL &&
	       kind->compatible != NULL && str_equal(region->compatible, kind->compatible);
}

static void describe_region(struct aml *aml, const struct config_region *region,
			    const struct kind *kind, u32 number)
{
	char name[8];
	u32 device, resources;

	(void)format(name, sizeof(name), kind->name, number);
	device = aml_begin_device(aml, name);
	if (str_equal(kind->id, VIRTIO_ID)) {
		aml_name_string(aml, "_HID", kind->id);
		aml_name_number(aml, "_CCA", 1);
	} else {
		aml_name_eisa(aml, "_HID", kind->id);
	}
	aml_name_number(aml, "_UID", number);
	resources = aml_begin_resources(aml);
	if (str_equal(kind->id, PCI_ID))
		aml_buses(aml, 0, 0);
	if (region->gpa.v >= PORT_BASE)
		aml_ports(aml, (u16)(region->gpa.v - PORT_BASE), (u8)region->size);
	else
		aml_memory(aml, (u32)region->gpa.v, (u32)region->size);
	for (u32 i = 0; i < region->num_irqs; i++)
		aml_interrupt(aml, region->irqs[i].guest, region->irqs[i].level);
	aml_end_resources(aml, resources);
	aml_end(aml, device);
}

static void describe_devices(struct aml *aml, const struct config_guest *guest)
{
	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		u32 number = 0;

		for (u32 i = 0; i < guest->num_regions; i++) {
			const struct config_region *region = &guest->regions[i];

			if (is_kind(region, &kinds[k]) &&
			    (region->gpa.v >= PORT_BASE || region->gpa.v < BIT(32)))
				describe_region(aml, region, &kinds[k], number++);
		}
	}
}

/* Their numbers are those of the MADT. */
static void describe_cpus(struct aml *aml, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		char name[8];
		u32 device;

		(void)format(name, sizeof(name), "C%03u", i);
		device = aml_begin_device(aml, name);
		aml_name_string(aml, "_HID", "ACPI0007");
		aml_name_number(aml, "_UID", i);
		aml_end(aml, device);
	}
}

static void add_dsdt(struct tables *t, const struct config_guest *guest, u64 *gpa)
{
	u8 *table = add_table(t, HEADER_BYTES, gpa);
	struct aml aml;
	u32 scope;

	if (table == NULL)
		return;
	aml = (struct aml){ .data = table + HEADER_BYTES, .size = t->size - t->used };
	if (find_emulated(guest, "acpi-pm") != NULL)
		aml_sleep_state(&aml, "_S5", ACPI_SLEEP_OFF);
	scope = aml_begin_scope(&aml, "_SB");
	describe_cpus(&aml, guest->num_vcpus);
	describe_devices(&aml, guest);
	aml_end(&aml, scope);
	t->used += aml.used;
	if (aml.used <= aml.size)
		fill_header(table, "DSDT", HEADER_BYTES + aml.used, 2);
}

static void write_rsdp(u8 *rsdp, u64 xsdt)
{
	memset(rsdp, 0, 36);
	store_name(rsdp, "RSD PTR ", 8);
	store_name(rsdp + 9, "MULLIO", 6);
	rsdp[15] = 2;
	store32(rsdp + 20, 36);
	store64(rsdp + 24, xsdt);
	rsdp[8] = checksum(rsdp, 20);
	rsdp[32] = checksum(rsdp, 36);
}

u32 guest_acpi_write(const struct config_guest *guest, u8 *tables, u32 bytes, u64 gpa, u8 *rsdp)
{
	struct tables t = { .data = tables, .size = bytes, .gpa = gpa };
	u64 xsdt_gpa = 0, dsdt = 0, fadt = 0, madt = 0;
	u8 *xsdt = add_table(&t, HEADER_BYTES + 2 * 8, &xsdt_gpa);

	add_dsdt(&t, guest, &dsdt);
	add_fadt(&t, guest, dsdt, &fadt);
	add_madt(&t, guest, &madt);
	if (t.used > t.size)
		return 0;
	store64(xsdt + HEADER_BYTES, fadt);
	store64(xsdt + HEADER_BYTES + 8, madt);
	fill_header(xsdt, "XSDT", HEADER_BYTES + 2 * 8, 1);
	write_rsdp(rsdp, xsdt_gpa);
	return t.used;
}
