/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/acpi.c: tables as firmware writes them, and tables that lie. */
#include "support/test.h"

#include "arch/x86_64/pure/acpi.h"

#define BASE 0x1000u /* physical address of memory[0] */

static u8 memory[0x4000];

static const u8 *map_some(void *context, u64 pa, u64 bytes)
{
	(void)context;
	if (pa < BASE || bytes > sizeof(memory) || pa - BASE > sizeof(memory) - bytes)
		return NULL;
	return memory + (pa - BASE);
}

static const struct acpi_memory source = { .map = map_some };

static void put(u32 pa, u64 value, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		memory[pa - BASE + i] = (u8)(value >> (8 * i));
}

static void put_sum(u32 pa, u32 at, u32 bytes)
{
	u8 sum = 0;

	memory[pa - BASE + at] = 0;
	for (u32 i = 0; i < bytes; i++)
		sum = (u8)(sum + memory[pa - BASE + i]);
	memory[pa - BASE + at] = (u8)(0 - sum);
}

static void put_header(u32 pa, const char *signature, u32 bytes)
{
	memcpy(memory + (pa - BASE), signature, 4);
	put(pa + 4, bytes, 4);
	put_sum(pa, 9, bytes);
}

#define RSDP 0x1000u
#define XSDT 0x1100u
#define RSDT 0x1200u
#define MADT 0x2000u
#define FADT 0x3000u
#define HPET 0x3200u
#define SPCR 0x3300u
#define MCFG 0x3400u
#define DMAR 0x3500u
#define IVRS 0x3600u

#define MADT_BYTES (44 + 8 + 8 + 16 + 12 + 10)

static void make_madt(void)
{
	u32 at = MADT + 44;

	put(MADT + 36, 0xfee00000, 4);
	put(at, 0x0800, 2); /* CPU with APIC id 3 */
	put(at + 3, 3, 1);
	put(at + 4, 1, 4);
	at += 8;
	put(at, 0x0800, 2); /* one that can never be started */
	put(at + 3, 4, 1);
	at += 8;
	put(at, 0x1009, 2); /* x2APIC id 0x123 */
	put(at + 4, 0x123, 4);
	put(at + 8, 2, 4);
	at += 16;
	put(at, 0x0c01, 2); /* IOAPIC of lines from 24 on */
	put(at + 4, 0xfec00000, 4);
	put(at + 8, 24, 4);
	at += 12;
	put(at, 0x0a02, 2); /* ISA 9 is line 20, level, low */
	put(at + 3, 9, 1);
	put(at + 4, 20, 4);
	put(at + 8, 0xf, 2);
	put_header(MADT, "APIC", MADT_BYTES);
}

static int make_tables(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	make_madt();
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	put(FADT + 91, 4, 1);
	put(FADT + 112, 1u << 8 | 1u << 10, 4);
	put(FADT + 116, 1, 1);
	put(FADT + 120, 0xcf9, 8);
	put(FADT + 128, 0xf, 1);
	put_header(FADT, "FACP", 129);
	put(HPET + 44, 0xfed00000, 8);
	put_header(HPET, "HPET", 56);
	put(SPCR + 40, 1, 1);
	put(SPCR + 44, 0x2f8, 8);
	put(SPCR + 52, 1, 1);
	put(SPCR + 53, 3, 1);
	put_header(SPCR, "SPCR", 80);
	put(MCFG + 44, 0xb0000000, 8);
	put(MCFG + 55, 0xff, 1);
	put_header(MCFG, "MCFG", 60);
	put(DMAR + 48, 4u << 16 | 1, 4); /* another structure */
	put(DMAR + 52, 16u << 16, 4);
	put(DMAR + 60, 0xfed90000, 8);
	put_header(DMAR, "DMAR", 68);
	put(IVRS + 48, 24u << 16 | 0x10, 4);
	put(IVRS + 56, 0xfeb80000, 8);
	put(IVRS + 72, 40u << 16 | 0x11, 4);
	put(IVRS + 80, 0xfeb80000, 8);
	put_header(IVRS, "IVRS", 112);
	put(XSDT + 36, MADT, 8);
	put(XSDT + 44, FADT, 8);
	put(XSDT + 52, HPET, 8);
	put(XSDT + 60, SPCR, 8);
	put(XSDT + 68, MCFG, 8);
	put(XSDT + 76, DMAR, 8);
	put(XSDT + 84, IVRS, 8);
	put_header(XSDT, "XSDT", 92);
	put(RSDT + 36, MADT, 4);
	put_header(RSDT, "RSDT", 40);
	memcpy(memory, "RSD PTR ", 8);
	put(RSDP + 15, 2, 1);
	put(RSDP + 16, RSDT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	put_sum(RSDP, 8, 20);
	put_sum(RSDP, 32, 36);
	return 0;
}

static void a_machine(void **state)
{
	struct host_facts facts = { .rsdp = RSDP };

	(void)state;
	assert_int_equal(acpi_read(&source, &facts), OK);
	assert_int_equal(facts.num_cpus, 2);
	assert_int_equal(facts.apic_ids[0], 3);
	assert_int_equal(facts.apic_ids[1], 0x123);
	assert_int_equal(facts.lapic, 0xfee00000);
	assert_int_equal(facts.num_ioapics, 1);
	assert_int_equal(facts.ioapics[0].base, 0xfec00000);
	assert_int_equal(facts.ioapics[0].gsi_base, 24);
	assert_int_equal(facts.pm_timer, 0x608);
	assert_true(facts.pm_timer_32);
	assert_int_equal(facts.pm1a_control, 0x604);
	assert_int_equal(facts.reset.space, REGISTER_PORT);
	assert_int_equal(facts.reset.address, 0xcf9);
	assert_int_equal(facts.reset_value, 0xf);
	assert_int_equal(facts.hpet, 0xfed00000);
	assert_int_equal(facts.uart.space, REGISTER_PORT);
	assert_int_equal(facts.uart.address, 0x2f8);
	assert_int_equal(facts.uart_gsi, 3);
	assert_int_equal(facts.num_ecams, 1);
	assert_int_equal(facts.ecams[0].base, 0xb0000000);
	assert_int_equal(facts.ecams[0].last_bus, 0xff);
	assert_int_equal(facts.num_iommus, 2); /* AMD's has two blocks */
	assert_int_equal(facts.iommus[0].base, 0xfed90000);
	assert_false(facts.iommus[0].amd);
	assert_int_equal(facts.iommus[1].base, 0xfeb80000);
	assert_true(facts.iommus[1].amd);
}

static void an_override_counts(void **state)
{
	struct host_facts facts = { .rsdp = RSDP };
	bool level, low;

	(void)state;
	assert_int_equal(acpi_read(&source, &facts), OK);
	assert_int_equal(facts_isa_irq(&facts, 9, &level, &low), 20);
	assert_true(level && low);
	assert_int_equal(facts_isa_irq(&facts, 4, &level, &low), 4);
	assert_false(level || low);
}

static void an_old_machine_has_an_rsdt(void **state)
{
	struct host_facts facts = { .rsdp = RSDP };

	(void)state;
	put(RSDP + 15, 0, 1);
	put_sum(RSDP, 8, 20);
	assert_int_equal(acpi_read(&source, &facts), OK);
	assert_int_equal(facts.num_cpus, 2);
	assert_int_equal(facts.pm_timer, 0); /* this one lists the MADT alone */
}

static void wrong_checksums(void **state)
{
	static const u32 tables[] = { RSDP, XSDT, MADT };

	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		struct host_facts facts = { .rsdp = RSDP };
		enum err err;

		(void)make_tables(state);
		/* Without the second root table there is no other way. */
		put(RSDP + 16, 0, 4);
		put_sum(RSDP, 8, 20);
		put_sum(RSDP, 32, 36);
		memory[tables[i] - BASE + 10]++;
		err = acpi_read(&source, &facts);
		assert_int_equal(err, ERR_NOT_FOUND);
	}
}

static void records_that_lie(void **state)
{
	struct host_facts facts = { .rsdp = RSDP };

	(void)state;
	put(MADT + 45, 0, 1); /* a record without a length */
	put_header(MADT, "APIC", MADT_BYTES);
	assert_int_equal(acpi_read(&source, &facts), ERR_FORMAT);
	put(MADT + 45, 200, 1); /* one that is longer than the table */
	put_header(MADT, "APIC", MADT_BYTES);
	facts = (struct host_facts){ .rsdp = RSDP };
	assert_int_equal(acpi_read(&source, &facts), ERR_FORMAT);
}

static void tables_outside_memory(void **state)
{
	struct host_facts facts = { .rsdp = RSDP };

	(void)state;
	put(XSDT + 44, UINT64_MAX - 8, 8);
	put(XSDT + 52, 0, 8);
	put_header(XSDT, "XSDT", 68);
	assert_int_equal(acpi_read(&source, &facts), OK);
	assert_int_equal(facts.pm_timer, 0);
	assert_int_equal(facts.num_cpus, 2);
	facts.rsdp = 0;
	assert_int_equal(acpi_read(&source, &facts), ERR_NOT_FOUND);
}

static void the_root_pointer_is_found(void **state)
{
	static u8 area[0x100];

	(void)state;
	assert_int_equal(acpi_find_rsdp(area, 0xe0000, sizeof(area)), 0);
	memcpy(area + 0x40, memory, 36);
	assert_int_equal(acpi_find_rsdp(area, 0xe0000, sizeof(area)), 0xe0040);
	assert_int_equal(acpi_find_rsdp(area, 0xe0000, 0x50), 0); /* cut off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_machine, make_tables),
		cmocka_unit_test_setup(an_override_counts, make_tables),
		cmocka_unit_test_setup(an_old_machine_has_an_rsdt, make_tables),
		cmocka_unit_test_setup(wrong_checksums, make_tables),
		cmocka_unit_test_setup(records_that_lie, make_tables),
		cmocka_unit_test_setup(tables_outside_memory, make_tables),
		cmocka_unit_test_setup(the_root_pointer_is_found, make_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
