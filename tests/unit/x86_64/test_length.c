/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/pure/length.c: encodings and lengths written by hand, then 3,000 random instructions
 * for each mode, assembled by GNU as, with lengths by objdump. guest_walk.c, against tables in
 * memory.
 */
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/guest_walk.h"
#include "arch/x86_64/pure/length.h"

#include "support/random.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void known_encodings(void **state)
{
	static const struct {
		u8 bytes[15];
		bool code64;
		u8 kind, length, control, reg;
	} cases[] = {
		{ { 0xf4 }, true, INSN_HLT, 1, 0, 0 },
		{ { 0x0f, 0xa2 }, true, INSN_CPUID, 2, 0, 0 },
		{ { 0x66, 0x0f, 0xa2 }, false, INSN_CPUID, 3, 0, 0 },
		{ { 0x48, 0x0f, 0xa2 }, true, INSN_CPUID, 3, 0, 0 },
		{ { 0xf2, 0x2e, 0x48, 0x0f, 0xa2 }, true, INSN_CPUID, 5, 0, 0 },
		{ { 0x0f, 0x32 }, true, INSN_RDMSR, 2, 0, 0 },
		{ { 0x0f, 0x30 }, false, INSN_WRMSR, 2, 0, 0 },
		{ { 0x0f, 0x31 }, true, INSN_RDTSC, 2, 0, 0 },
		{ { 0x0f, 0x33 }, true, INSN_RDPMC, 2, 0, 0 },
		{ { 0x0f, 0x01, 0xf9 }, true, INSN_RDTSCP, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xd1 }, true, INSN_XSETBV, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc1 }, true, INSN_VMCALL, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xd9 }, true, INSN_VMMCALL, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc8 }, true, INSN_MONITOR, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc9 }, true, INSN_MWAIT, 3, 0, 0 },
		{ { 0x0f, 0x06 }, true, INSN_CLTS, 2, 0, 0 },
		{ { 0x0f, 0x08 }, true, INSN_INVD, 2, 0, 0 },
		{ { 0xf3, 0x0f, 0x09 }, true, INSN_WBINVD, 3, 0, 0 },
		{ { 0xf3, 0x90 }, true, INSN_PAUSE, 2, 0, 0 },
		{ { 0x0f, 0x22, 0xe0 }, true, INSN_CR_WRITE, 3, 4, 0 },
		{ { 0x0f, 0x20, 0xdf }, true, INSN_CR_READ, 3, 3, 7 },
		{ { 0x44, 0x0f, 0x22, 0xc1 }, true, INSN_CR_WRITE, 4, 8, 1 },
		{ { 0x45, 0x0f, 0x20, 0xc7 }, true, INSN_CR_READ, 4, 8, 15 },
		{ { 0x41, 0x0f, 0x22, 0xdb }, true, INSN_CR_WRITE, 4, 3, 11 },
		{ { 0xf0, 0x0f, 0x20, 0xc0 }, false, INSN_CR_READ, 4, 8, 0 },
		{ { 0x0f, 0x23, 0xf8 }, true, INSN_DR_WRITE, 3, 7, 0 },
		{ { 0x0f, 0x21, 0xf3 }, true, INSN_DR_READ, 3, 6, 3 },
		/* REX counts directly before the opcode alone, and in 64-bit code alone. */
		{ { 0x44, 0x66, 0x0f, 0x22, 0xc0 }, true, INSN_CR_WRITE, 5, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn insn;

		assert_true(insn_length(cases[i].bytes, 15, cases[i].code64, &insn));
		assert_int_equal(insn.kind, cases[i].kind);
		assert_int_equal(insn.length, cases[i].length);
		assert_int_equal(insn.control, cases[i].control);
		assert_int_equal(insn.reg, cases[i].reg);
		for (u32 n = 0; n < insn.length; n++) {
			struct insn part;

			assert_false(insn_length(cases[i].bytes, n, cases[i].code64, &part));
		}
	}
}

static void other_bytes(void **state)
{
	static const u8 others[][4] = {
		{ 0x90 },       { 0x0f, 0x05 }, { 0x0f, 0x01, 0xd8 },
		{ 0x48, 0xf5 }, { 0xcc },       { 0xe4, 0x60 },
	};
	u8 prefixes[16];
	struct insn insn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(insn_length(others[i], 4, true, &insn));
	assert_false(insn_length((const u8[]){ 0x48, 0xf4 }, 2, false, &insn));
	/* More than 15 bytes are no instruction. */
	memset(prefixes, 0x66, sizeof(prefixes));
	prefixes[15] = 0xf4;
	assert_false(insn_length(prefixes, 16, true, &insn));
	prefixes[14] = 0xf4;
	assert_true(insn_length(prefixes, 16, true, &insn));
	assert_int_equal(insn.length, 15);
}

/* --- A corpus of GNU as, by objdump --------------------------------------------------------------
 */

#define SAMPLES 3000u
#define SLOT    32u /* bytes of a sample: NOPs fill it */

struct sample {
	char text[160]; /* for GNU as: prefixes as bytes, then the instruction */
	u8 kind, control, reg;
};

static struct sample samples[SAMPLES];

static const struct {
	const char *text;
	u8 kind;
	bool group; /* 0F 01: another prefix makes another instruction of it */
} plain[] = {
	{ "hlt", INSN_HLT, false },        { "cpuid", INSN_CPUID, false },
	{ "rdmsr", INSN_RDMSR, false },    { "wrmsr", INSN_WRMSR, false },
	{ "rdtsc", INSN_RDTSC, false },    { "rdpmc", INSN_RDPMC, false },
	{ "invd", INSN_INVD, false },      { "wbinvd", INSN_WBINVD, false },
	{ "clts", INSN_CLTS, false },      { "pause", INSN_PAUSE, false },
	{ "rdtscp", INSN_RDTSCP, true },   { "xsetbv", INSN_XSETBV, true },
	{ "vmcall", INSN_VMCALL, true },   { "vmmcall", INSN_VMMCALL, true },
	{ "monitor", INSN_MONITOR, true }, { "mwait", INSN_MWAIT, true },
};

static const u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };

static u32 pick(u32 below)
{
	return (u32)random_below(below);
}

/* MOV to or from a control or debug register. The prefix LOCK makes CR8 of CR0. */
static void draw_move(struct sample *s, bool code64, bool lock, char *text, size_t size)
{
	static const char *const low[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
	static const u8 controls[] = { 0, 2, 3, 4, 8 };
	bool debug = pick(2) == 0, write = pick(2) == 0;
	char general[8], special[8];

	s->reg = (u8)pick(code64 ? 16 : 8);
	s->control = debug ? (u8)pick(8) : controls[pick(code64 && !lock ? 5 : 4)];
	if (s->reg < 8)
		(void)snprintf(general, sizeof(general), "%c%s", code64 ? 'r' : 'e', low[s->reg]);
	else
		(void)snprintf(general, sizeof(general), "r%u", (unsigned)s->reg);
	(void)snprintf(special, sizeof(special), "%s%u", debug ? "db" : "cr", (unsigned)s->control);
	(void)snprintf(text, size, "mov %%%s, %%%s", write ? general : special,
		       write ? special : general);
	s->kind = (u8)((debug ? INSN_DR_READ : INSN_CR_READ) + write);
	if (lock && !debug && s->control == 0)
		s->control = 8;
}

/* A legacy prefix of each group at most, then REX: objdump takes more for instructions of their
 * own. */
static void draw(struct sample *s, bool code64)
{
	u32 which = pick(2 * ARRAY_SIZE(plain)), extra = pick(8);
	bool is_plain = which < ARRAY_SIZE(plain), group = is_plain && plain[which].group;
	char insn[32], bytes[64] = "";
	u8 prefixes[4], count = 0;

	if (pick(3) == 0)
		prefixes[count++] = segments[pick(code64 ? 6 : 4)];
	if (pick(4) == 0)
		prefixes[count++] = 0x67;
	if (!group && extra < 3)
		prefixes[count++] = (u8[]){ 0x66, 0xf2, 0xf0 }[extra];
	*s = (struct sample){ .kind = is_plain ? plain[which].kind : (u8)INSN_OTHER };
	if (is_plain)
		(void)snprintf(insn, sizeof(insn), "%s", plain[which].text);
	else
		draw_move(s, code64, extra == 2, insn, sizeof(insn));
	/* PAUSE and moves have prefixes of their own, and would have REX twice. */
	if (code64 && is_plain && plain[which].kind != INSN_PAUSE && pick(3) == 0)
		prefixes[count++] = (u8)(0x40 + pick(16));
	for (u32 i = 0; i < count; i++) {
		size_t at = strlen(bytes);

		(void)snprintf(bytes + at, sizeof(bytes) - at, "%s0x%02x", i == 0 ? ".byte " : ", ",
			       (unsigned)prefixes[i]);
	}
	(void)snprintf(s->text, sizeof(s->text), ".balign %u, 0x90\n%s\n%s\n", SLOT, bytes, insn);
}

/* The bytes of all samples, as GNU as makes them. */
static void assemble(const char *directory, bool code64, u8 (*code)[SLOT])
{
	char path[128], command[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/corpus.s", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	for (u32 i = 0; i < SAMPLES; i++)
		(void)fputs(samples[i].text, file);
	(void)fprintf(file, ".balign %u, 0x90\n", SLOT);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(
		command, sizeof(command),
		"as --%s -o %s/corpus.o %s && objcopy -O binary -j .text %s/corpus.o %s/corpus",
		code64 ? "64" : "32", directory, path, directory, directory);
	assert_int_equal(system(command), 0);
	(void)snprintf(path, sizeof(path), "%s/corpus", directory);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(code, SLOT, SAMPLES, file), SAMPLES);
	(void)fclose(file);
}

/* objdump prints each instruction's address: the first one of a slot ends where the next begins. */
static void disassemble(const char *directory, bool code64, u8 *lengths)
{
	char command[256], line[256];
	u32 slot = UINT32_MAX;
	FILE *out;

	(void)snprintf(command, sizeof(command), "objdump -D -z -w -b binary -m %s %s/corpus",
		       code64 ? "i386:x86-64" : "i386", directory);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(line, sizeof(line), out) != NULL) {
		char *end;
		unsigned long at = strtoul(line, &end, 16);

		if (end == line || *end != ':')
			continue;
		if (slot < SAMPLES && at / SLOT == slot)
			lengths[slot] = (u8)(at % SLOT);
		slot = at % SLOT == 0 ? (u32)(at / SLOT) : UINT32_MAX;
	}
	assert_int_equal(pclose(out), 0);
}

static void agrees(bool code64)
{
	static u8 code[SAMPLES][SLOT], lengths[SAMPLES];
	char directory[] = "/tmp/mullion-length-XXXXXX", command[64];

	memset(lengths, 0, sizeof(lengths));
	for (u32 i = 0; i < SAMPLES; i++)
		draw(&samples[i], code64);
	assert_non_null(mkdtemp(directory));
	assemble(directory, code64, code);
	disassemble(directory, code64, lengths);
	for (u32 i = 0; i < SAMPLES; i++) {
		struct insn insn;

		if (!insn_length(code[i], INSN_MAX, code64, &insn) || insn.length != lengths[i] ||
		    insn.kind != samples[i].kind || insn.control != samples[i].control ||
		    insn.reg != samples[i].reg)
			fail_msg("kind %u, length %u (objdump: %u), registers %u %u:\n%s",
				 insn.kind, insn.length, lengths[i], insn.control, insn.reg,
				 samples[i].text);
	}
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

static void lengths_agree_with_objdump(void **state)
{
	(void)state;
	if (system("as --32 -o /dev/null /dev/null && objdump --version >/dev/null 2>&1") != 0)
		skip();
	random_seed(1);
	agrees(true);
	agrees(false);
}

/* --- Walks -------------------------------------------------------------------------------------
 */

static u8 memory[0x8000];

static bool read_memory(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	(void)context;
	*entry = 0;
	if (gpa >= sizeof(memory) || bytes > sizeof(memory) - gpa)
		return false;
	memcpy(entry, memory + gpa, bytes);
	return true;
}

static void put64(u64 at, u64 value)
{
	memcpy(memory + at, &value, 8);
}

static void put32(u64 at, u64 value)
{
	memcpy(memory + at, &value, 4);
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	return 0;
}

static void four_levels(void **state)
{
	struct guest_walk walk = { .cr0 = CR0_PG | CR0_PE,
				   .cr3 = 0x1003,
				   .cr4 = CR4_PAE,
				   .efer = EFER_LMA,
				   .read = read_memory };
	u64 gpa;

	(void)state;
	put64(0x1000 + 8 * 256, 0x2003);
	put64(0x2000 + 8 * 1, 0x3003);
	put64(0x2000 + 8 * 2, UINT64_C(0x4000000083) | BIT(63));
	put64(0x3000 + 8 * 2, 0x4003);
	put64(0x3000 + 8 * 3, 0x10000083);
	put64(0x4000 + 8 * 3, 0x5555001);
	assert_true(guest_walk(&walk, UINT64_C(0xffff800040403abc), &gpa));
	assert_int_equal(gpa, 0x5555abc);
	assert_true(guest_walk(&walk, UINT64_C(0xffff800040654321), &gpa));
	assert_int_equal(gpa, 0x10054321);
	assert_true(guest_walk(&walk, UINT64_C(0xffff8000bfffffff), &gpa));
	assert_int_equal(gpa, UINT64_C(0x403fffffff));
	assert_false(guest_walk(&walk, UINT64_C(0xffff800040404abc), &gpa));
	assert_false(guest_walk(&walk, UINT64_C(0x0000800040403abc), &gpa));
	assert_false(guest_walk(&walk, 0, &gpa));
	walk.cr3 = 0x100000; /* outside the memory */
	assert_false(guest_walk(&walk, UINT64_C(0xffff800040403abc), &gpa));
}

static void old_formats(void **state)
{
	struct guest_walk walk = { .cr0 = CR0_PE, .read = read_memory };
	u64 gpa;

	(void)state;
	assert_true(guest_walk(&walk, 0x12345, &gpa));
	assert_int_equal(gpa, 0x12345);
	walk.cr0 |= CR0_PG;
	walk.cr3 = 0x1000;
	put32(0x1000 + 4 * 1, 0x2001);
	put32(0x1000 + 4 * 2, 0x00c02083); /* PSE-36: bit 13 is address bit 32 */
	put32(0x2000 + 4 * 5, 0x7001);
	assert_true(guest_walk(&walk, 0x405123, &gpa));
	assert_int_equal(gpa, 0x7123);
	walk.cr4 = CR4_PSE;
	assert_true(guest_walk(&walk, 0x812345, &gpa));
	assert_int_equal(gpa, UINT64_C(0x100c12345));
	assert_false(guest_walk(&walk, BIT(32), &gpa));
	/* PAE: the first table has 32-byte alignment. */
	walk.cr4 = CR4_PAE;
	walk.cr3 = 0x3020;
	put64(0x3020 + 8 * 3, 0x4001);
	put64(0x4000 + 8 * 1, 0x5001);
	put64(0x4000 + 8 * 2, 0x600083);
	put64(0x5000 + 8 * 4, 0x6001);
	assert_true(guest_walk(&walk, 0xc0204777, &gpa));
	assert_int_equal(gpa, 0x6777);
	assert_true(guest_walk(&walk, 0xc0512345, &gpa));
	assert_int_equal(gpa, 0x712345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_encodings),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(lengths_agree_with_objdump),
		cmocka_unit_test_setup(four_levels, setup),
		cmocka_unit_test_setup(old_formats, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
