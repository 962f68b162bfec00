/* SPDX-License-Identifier: Apache-2.0 */
/* config_load(): the order of the checks. */
#include <mullion/format.h>

#include "config/internal.h"

static void check_starts(struct config_run *run)
{
	if (run->system->num_guests == 0 && run->system->num_components == 0)
		config_error(run, fdt_root(run->tree), NULL,
			     "neither a guest nor a component is described; nothing would run");
	config_for_each_guest (run->system, guest)
		if (guest->autostart)
			return;
	if (run->system->num_guests > 0)
		config_warning(run, fdt_find(run->tree, "/guests"), NULL,
			       "no guest has the property autostart; none will run");
}

/* The core maps the bundle, the result of the checks, and its heap in one area. */
static void check_mapped(struct config_run *run)
{
	u64 own = run->arena_bytes + run->system->heap_bytes;
	char all[FORMAT_BYTES_MAX], files[FORMAT_BYTES_MAX], most[FORMAT_BYTES_MAX];

	if (run->bundle_bytes + own <= CONFIG_MAX_MAPPED)
		return;
	config_error(run, fdt_root(run->tree), NULL,
		     "the core would map %s, %s of it files; at most %s: name smaller files, or "
		     "describe fewer guests",
		     format_bytes(all, sizeof(all), run->bundle_bytes + own),
		     format_bytes(files, sizeof(files), run->bundle_bytes),
		     format_bytes(most, sizeof(most), CONFIG_MAX_MAPPED));
}

enum err config_load(const struct fdt *tree, const struct host *host, const void *bundle,
		     size_t bundle_bytes, void *arena, size_t arena_bytes, struct system *system,
		     struct diag *diag)
{
	struct config_run run = {
		.tree = tree,
		.host = host,
		.platform = arch_platform(host != NULL && host->tree != NULL ? host->tree : tree),
		.bundle = bundle,
		.bundle_bytes = bundle_bytes,
		.diag = diag,
		.system = system,
		.arena = arena,
		.arena_bytes = arena_bytes,
	};
	fdt_node_t root = fdt_root(tree);
	u32 before = diag->errors;

	/* A machine's tree given by mistake would else be found wrong in every line. */
	if (!fdt_is_compatible(tree, root, "mullion,system")) {
		config_error(
			&run, root, "compatible",
			"this tree describes no system; write compatible = \"mullion,system\";");
		return ERR_INVALID;
	}
	if (run.platform != arch_platform(tree)) {
		config_error(&run, root, "compatible",
			     "the machine has another architecture; name its system's description");
		return ERR_INVALID;
	}
	inherit_init(&run);
	schema_check(&run);
	if (parse_system(&run) != OK)
		return ERR_NO_MEMORY;
	check_starts(&run);
	check_regions(&run);
	check_grants(&run);
	check_port_ranges(&run);
	check_irqs(&run);
	check_vcpus(&run);
	check_components(&run);
	check_networks(&run);
	check_schedule(&run);
	check_limits(&run);
	check_images(&run);
	check_programs(&run);
	place_images(&run);
	if (check_trees(&run) != OK)
		return ERR_NO_MEMORY;
	if (diag->errors != before)
		return ERR_INVALID;
	system->heap_bytes = budget_heap_bytes(run.platform, system);
	check_mapped(&run);
	return diag->errors != before ? ERR_INVALID : OK;
}
