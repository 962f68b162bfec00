/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk a tree by the tables: every node and property must be known, of its type, given once, and
 * nothing required may lack. Values are compared with each other by the checks that follow.
 */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

/* Properties that dtc adds, or that any node may have for the tools' sake. */
static bool is_housekeeping(const char *name)
{
	return str_equal(name, "phandle") || str_equal(name, "linux,phandle") ||
	       str_equal(name, "name");
}

/*
 * At the root the machine's nodes may stand beside those of the description. They have a unit
 * address, a compatible or device_type property, or one of these names.
 */
static bool is_hardware(const struct fdt *tree, fdt_node_t node)
{
	static const char *const names[] = { "cpus",     "aliases", "chosen", "reserved-memory",
					     "firmware", "timer",   "memory", "__symbols__",
					     "soc",      "clocks",  "options" };
	const char *name = fdt_name(tree, node);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(name, names[i]))
			return true;
	return strchr(name, '@') != NULL || fdt_has(tree, node, "compatible") ||
	       fdt_has(tree, node, "device_type");
}

static void report_type(struct config_run *run, fdt_node_t node, const struct schema_prop *known)
{
	if (known->type == PROP_FLAG)
		config_error(run, node, known->name, "is a flag and takes no value; write %s;",
			     known->name);
	else if (known->type == PROP_IRQS)
		config_error(run, node, known->name,
			     "must be a list of interrupts of %s each; write e.g. %s = %s;",
			     run->platform->irq_form, known->name, run->platform->irq_example);
	else
		config_error(run, node, known->name, "must be a %s; write e.g. %s = %s;",
			     schema_type_names[known->type], known->name, known->example);
}

static void report_unknown(struct config_run *run, fdt_node_t node, const struct schema *schema,
			   const char *name)
{
	const struct schema_prop *row;
	struct similar similar;

	similar_init(&similar, name);
	for (u32 i = 0; (row = schema_row(run->platform, schema, i)) != NULL; i++)
		similar_offer(&similar, row->name);
	config_error(run, node, name, "%s has no such property%s", schema->what,
		     similar_hint(&similar, "; remove it, or search docs/binding.md for its name"));
}

static void check_prop(struct config_run *run, fdt_node_t node, const struct schema *schema,
		       u32 variant, const struct fdt_prop *prop)
{
	const struct schema_prop *known = schema_find(run->platform, schema, prop->name);
	struct fdt_prop first;

	if (is_housekeeping(prop->name))
		return;
	if (fdt_get(run->tree, node, prop->name, &first) && first.offset != prop->offset)
		config_error(run, node, prop->name, "given twice in this node; remove one");
	else if (known == NULL)
		report_unknown(run, node, schema, prop->name);
	else if ((known->allowed & variant) == 0)
		config_error(run, node, prop->name, "does not belong to %s%s; remove it",
			     schema->what, schema->variant == 0 ? " of this type" : "");
	else if (!config_matches(run->platform, known->type, prop))
		report_type(run, node, known);
	else if (known->type == PROP_FILE && !config_is_file_name((const char *)prop->data))
		config_error(run, node, prop->name,
			     "must be a name inside the bundle; write it without leading / and "
			     "without ..");
}

static bool is_port(const struct config_run *run, fdt_node_t node)
{
	const struct arch_platform *platform = run->platform;
	const char *device = config_string(run, node, "device");
	u32 model = device == NULL ? platform->num_models
				   : schema_index(platform->models, platform->num_models, device);

	return model < platform->num_models &&
	       (platform->model_trees[model].flags & ARCH_MODEL_NETWORK) != 0;
}

/* The variant that a region's type makes it; VARIANT_ALL while the type is unknown. */
static u32 find_variant(struct config_run *run, fdt_node_t node, enum schema_id id)
{
	bool is_grant = id == SCHEMA_GRANT;
	u32 count = is_grant ? CONFIG_GRANT_KINDS : REGION_KINDS;
	u32 kind;

	if (schemas[id].variant != 0)
		return schemas[id].variant;
	kind = config_choose(run, node, "type", "type of region",
			     is_grant ? grant_kind_names : region_kind_names, count, count);
	if (!is_grant && kind == REGION_VIRTUAL && is_port(run, node))
		return VARIANT_PORT;
	return kind < count ? (u32)BIT(kind) : VARIANT_ALL;
}

static void check_props(struct config_run *run, fdt_node_t node, enum schema_id id)
{
	const struct schema *schema = &schemas[id];
	u32 variant = find_variant(run, node, id);
	u32 count = 0;
	struct fdt_prop prop;

	fdt_for_each_prop (run->tree, node, &prop) {
		if (++count > CONFIG_MAX_PROPERTIES) {
			config_error(run, node, NULL, "more than %u properties",
				     CONFIG_MAX_PROPERTIES);
			break;
		}
		check_prop(run, node, schema, variant, &prop);
	}
	if (config_lacks_template(run, node))
		return;
	for (u32 i = 0; i < schema->num_props; i++) {
		const struct schema_prop *known = &schema->props[i];

		/* While the type is unknown, ask only for what every type needs. */
		if ((known->required & variant) == variant && !config_has(run, node, known->name))
			config_error(run, node, known->name, "missing: %s; write e.g. %s = %s;",
				     known->what, known->name, known->example);
	}
}

/* "vcpu#" matches vcpu0, vcpu17: the text before '#', then digits without a leading zero. */
static bool child_matches(const char *pattern, const char *name)
{
	size_t stem;

	if (pattern == NULL)
		return true;
	stem = strlen(pattern) - 1;
	if (pattern[stem] != '#')
		return str_equal(pattern, name);
	if (strncmp(pattern, name, stem) != 0 || name[stem] == '\0' ||
	    (name[stem] == '0' && name[stem + 1] != '\0'))
		return false;
	for (const char *p = name + stem; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return false;
	return true;
}

static void report_unknown_child(struct config_run *run, fdt_node_t node,
				 const struct schema *parent)
{
	struct similar similar;

	similar_init(&similar, fdt_name(run->tree, node));
	for (u32 i = 0; i < parent->num_children; i++)
		if (parent->children[i].name != NULL)
			similar_offer(&similar, parent->children[i].name);
	if (strchr(similar.best, '#') != NULL)
		config_error(run, node, NULL,
			     "unknown node; write %.*s0, %.*s1 and so on, without a 0 in front",
			     (int)strlen(similar.best) - 1, similar.best,
			     (int)strlen(similar.best) - 1, similar.best);
	else
		config_error(run, node, NULL, "unknown node%s", similar_hint(&similar, ""));
}

/* Names of guests, regions and vCPUs go into messages, paths and generated trees: keep them plain.
 */
static bool check_name(struct config_run *run, fdt_node_t node)
{
	const char *name = fdt_name(run->tree, node);
	size_t len = strlen(name);

	if (name[0] == '-')
		return config_error(
			run, node, NULL,
			"bad name: begins with '-', as options at the terminal do; write "
			"'%s'",
			len > 1 ? name + 1 : "name");
	for (size_t i = 0; i < len; i++) {
		if (is_name_char(name[i]))
			continue;
		if (name[i] == '@')
			return config_error(run, node, NULL,
					    "bad name: no unit address here; write '%.*s'", (int)i,
					    name);
		return config_error(run, node, NULL,
				    "bad name: '%c'; use letters, digits, '_' and '-' only",
				    name[i]);
	}
	if (len >= CONFIG_NAME_MAX)
		return config_error(run, node, NULL,
				    "name of %zu bytes is too long; use at most %u", len,
				    CONFIG_NAME_MAX - 1);
	return true;
}

/* Sets the name's bit; true if it was clear, so that no node before had this parent and name. */
static bool is_new_name(struct config_run *run, fdt_node_t parent, const char *name)
{
	u32 hash = parent, *word;
	bool is_new;

	for (; *name != '\0'; name++)
		hash = (hash ^ (u8)*name) * 16777619u; /* FNV-1a */
	hash = (hash ^ hash >> 16) % NAME_BITS;
	word = &run->names[hash / 32];
	is_new = (*word & (1u << hash % 32)) == 0;
	*word |= 1u << hash % 32;
	return is_new;
}

static bool is_first_of_name(struct config_run *run, fdt_node_t parent, fdt_node_t node)
{
	const struct fdt *tree = run->tree;

	if (is_new_name(run, parent, fdt_name(tree, node)))
		return true;
	fdt_for_each_child (tree, parent, other) {
		if (other == node)
			return true;
		if (str_equal(fdt_name(tree, other), fdt_name(tree, node)))
			return false;
	}
	return true;
}

/* "guests@0" would be found by the name of "guests", but no table would hold it. */
static bool is_known_with_address(const struct schema *parent, const char *name)
{
	for (u32 i = 0; i < parent->num_children; i++) {
		const char *known = parent->children[i].name;

		if (known != NULL && str_has_prefix(name, known) && name[strlen(known)] == '@')
			return true;
	}
	return false;
}

/* Which table a child goes by; SCHEMA_SKIP after a report, or for hardware. */
static enum schema_id classify(struct config_run *run, fdt_node_t parent_node,
			       enum schema_id parent_id, fdt_node_t node)
{
	const struct schema *parent = &schemas[parent_id];
	const char *name = fdt_name(run->tree, node);

	for (u32 i = 0; i < parent->num_children; i++) {
		if (!child_matches(parent->children[i].name, name))
			continue;
		if (!check_name(run, node))
			return SCHEMA_SKIP;
		if (!is_first_of_name(run, parent_node, node)) {
			config_error(run, node, NULL,
				     "a node of this name is there already; rename one");
			return SCHEMA_SKIP;
		}
		return (enum schema_id)parent->children[i].schema;
	}
	if (parent_id != SCHEMA_ROOT || !is_hardware(run->tree, node) ||
	    is_known_with_address(parent, name))
		report_unknown_child(run, node, parent);
	return SCHEMA_SKIP;
}

static void check_required_children(struct config_run *run, fdt_node_t node,
				    const struct schema *schema)
{
	for (u32 i = 0; i < schema->num_children; i++) {
		const struct schema_child *child = &schema->children[i];

		if (!child->required)
			continue;
		if (child->name == NULL && config_children(run, node).node == FDT_NONE)
			config_error(run, node, NULL, "is empty: it needs at least %s",
				     schemas[child->schema].what);
		else if (child->name != NULL && config_child(run, node, child->name) == FDT_NONE)
			config_error(run, node, NULL, "has no node '%s'; write %s { ... };",
				     child->name, child->name);
	}
}

void schema_check(struct config_run *run)
{
	struct {
		u8 schema;
		u32 children;
		fdt_node_t node;
	} levels[FDT_MAX_DEPTH + 1] = { 0 };
	u32 depth = 0;

	for (fdt_node_t node = fdt_root(run->tree); node != FDT_NONE;
	     node = fdt_next(run->tree, node, &depth)) {
		enum schema_id id = SCHEMA_ROOT;

		if (depth > 0) {
			id = (enum schema_id)levels[depth - 1].schema;
			if (id != SCHEMA_SKIP &&
			    ++levels[depth - 1].children > schemas[id].max_children) {
				if (levels[depth - 1].children == schemas[id].max_children + 1)
					config_error(run, levels[depth - 1].node, NULL,
						     "more than %u nodes inside",
						     schemas[id].max_children);
				id = SCHEMA_SKIP;
			}
			if (id != SCHEMA_SKIP)
				id = classify(run, levels[depth - 1].node, id, node);
		}
		levels[depth].schema = (u8)id;
		levels[depth].children = 0;
		levels[depth].node = node;
		if (id == SCHEMA_SKIP)
			continue;
		check_props(run, node, id);
		if (id != SCHEMA_TEMPLATE && !config_lacks_template(run, node))
			check_required_children(run, node, &schemas[id]);
	}
}
