/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/predict.c, against a model of CPUs that no emulator has. The model leaks, unless
 * the right register is written at the right time. */
#include "arch/x86_64/pure/predict.h"

#include "support/test.h"

#define ALL_NO (CAPABILITY_SBDR_NO | CAPABILITY_FBSDP_NO | CAPABILITY_PSDP_NO)

/* A CPU: its leaks, and the registers and instructions that it has against them. */
struct model {
	const char *name;
	struct x86_predict_cpu cpu;
	bool targets, tables, buffers; /* it leaks by branch targets, from ring 3, by buffers */
	bool cache;                    /* L1TF */
	bool has_barrier, has_verw, has_flush, has_ibrs;
};

static const struct model models[] = {
	{ "Intel without microcode",
	  { 0 },
	  .targets = true,
	  .tables = true,
	  .buffers = true,
	  .cache = true },
	{ "Skylake",
	  { .leaf7_edx = (u32)(L7_EDX_MD_CLEAR | L7_EDX_SPEC_CTRL | L7_EDX_L1D_FLUSH) },
	  .targets = true,
	  .tables = true,
	  .buffers = true,
	  .cache = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_flush = true },
	{ "Skylake under a hypervisor that flushes",
	  { .leaf7_edx = (u32)(L7_EDX_MD_CLEAR | L7_EDX_SPEC_CTRL | L7_EDX_L1D_FLUSH |
			       L7_EDX_CAPABILITIES),
	    .capabilities = CAPABILITY_SKIP_L1DFL },
	  .targets = true,
	  .tables = true,
	  .buffers = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_flush = true },
	{ "Cascade Lake",
	  { .leaf7_edx = (u32)(L7_EDX_MD_CLEAR | L7_EDX_SPEC_CTRL | L7_EDX_L1D_FLUSH |
			       L7_EDX_CAPABILITIES),
	    .capabilities = CAPABILITY_RDCL_NO | CAPABILITY_IBRS_ALL | CAPABILITY_MDS_NO |
			    CAPABILITY_FB_CLEAR },
	  .targets = true,
	  .buffers = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_flush = true,
	  .has_ibrs = true },
	{ "Sapphire Rapids",
	  { .leaf7_edx = (u32)(L7_EDX_MD_CLEAR | L7_EDX_SPEC_CTRL | L7_EDX_CAPABILITIES),
	    .capabilities = CAPABILITY_RDCL_NO | CAPABILITY_IBRS_ALL | CAPABILITY_MDS_NO |
			    CAPABILITY_FB_CLEAR | ALL_NO },
	  .targets = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_ibrs = true },
	{ "Gracemont",
	  { .leaf7_edx = (u32)(L7_EDX_SPEC_CTRL | L7_EDX_CAPABILITIES),
	    .capabilities = CAPABILITY_RDCL_NO | CAPABILITY_IBRS_ALL | CAPABILITY_MDS_NO |
			    CAPABILITY_RFDS_CLEAR },
	  .targets = true,
	  .buffers = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_ibrs = true },
	{ "AMD without microcode", { .amd = true }, .targets = true },
	{ "Zen 2",
	  { .amd = true, .extended8_ebx = (u32)(E8_EBX_IBPB | E8_EBX_IBRS) },
	  .targets = true,
	  .has_barrier = true },
	{ "Zen 3",
	  { .amd = true,
	    .extended8_ebx = (u32)(E8_EBX_IBPB | E8_EBX_IBRS | E8_EBX_IBRS_ALWAYS),
	    .extended21_eax = (u32)E21_EAX_VERW_CLEAR },
	  .targets = true,
	  .buffers = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_ibrs = true },
	{ "Zen 5",
	  { .amd = true,
	    .extended8_ebx = (u32)(E8_EBX_IBPB | E8_EBX_IBRS | E8_EBX_IBRS_ALWAYS),
	    .extended21_eax = (u32)(E21_EAX_VERW_CLEAR | E21_EAX_AUTO_IBRS),
	    .extended21_ecx = (u32)(E21_ECX_TSA_SQ_NO | E21_ECX_TSA_L1_NO) },
	  .targets = true,
	  .has_barrier = true,
	  .has_verw = true,
	  .has_ibrs = true },
};

/* Each leak is cured or named; nothing is done where nothing leaks. */
static void each_leak_is_cured_or_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct model *m = &models[i];
		struct x86_predict_plan plan = x86_predict_plan(&m->cpu);
		bool open_cache = m->cache && !m->has_flush;

		if (plan.barrier != (m->targets && m->has_barrier) ||
		    plan.open_targets != (m->targets && !m->has_barrier))
			fail_msg("%s: branch targets", m->name);
		if (plan.returns != m->has_barrier)
			fail_msg("%s: return stack", m->name);
		if (plan.clear != (m->buffers && m->has_verw))
			fail_msg("%s: buffers", m->name);
		if (plan.flush != (m->cache && m->has_flush))
			fail_msg("%s: cache", m->name);
		if (plan.open_buffers != ((m->buffers && !m->has_verw) || open_cache))
			fail_msg("%s: what is left open", m->name);
		if (plan.open_tables != m->tables)
			fail_msg("%s: tables", m->name);
	}
}

/* No register is written that the CPU does not report: that would be #GP in the core. */
static void only_registers_that_are_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct model *m = &models[i];
		struct x86_predict_plan plan = x86_predict_plan(&m->cpu);

		assert_true(!plan.barrier || m->has_barrier);
		assert_true(!plan.flush || m->has_flush);
		assert_true(!plan.ibrs || m->has_ibrs);
		assert_int_equal(plan.ibrs || plan.automatic, m->has_ibrs);
		assert_false(plan.ibrs && plan.automatic);
	}
}

/* Bits of the other vendor do not count. */
static void vendors_apart(void **state)
{
	struct x86_predict_cpu cpu = { .amd = true, .capabilities = CAPABILITY_IBRS_ALL };

	(void)state;
	assert_false(x86_predict_plan(&cpu).ibrs);
	cpu.leaf7_edx = (u32)L7_EDX_L1D_FLUSH;
	assert_false(x86_predict_plan(&cpu).flush);
	cpu = (struct x86_predict_cpu){ .extended21_eax = (u32)E21_EAX_AUTO_IBRS };
	assert_false(x86_predict_plan(&cpu).automatic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_leak_is_cured_or_named),
		cmocka_unit_test(only_registers_that_are_there),
		cmocka_unit_test(vendors_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
