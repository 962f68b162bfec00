/* SPDX-License-Identifier: Apache-2.0 */
/* dtc reports no more than "syntax error": hints for the frequent mistakes. */
#include "tools/common/hint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of include/dt-bindings/mullion.h; after its inclusion cpp leaves none of them. */
static const char *const our_names[] = {
	"GIC_SPI", "GIC_PPI", "IRQ_EDGE_RISING", "IRQ_LEVEL_HIGH", "KIB", "MIB", "GIB"
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Returns one of these names in @line, as a whole word outside of strings; NULL if there is
 * none. */
static const char *find_name(const char *line)
{
	for (const char *p = line; *p != '\0'; p++) {
		if (*p == '"') {
			p = strchr(p + 1, '"');
			if (p == NULL)
				return NULL;
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(our_names); i++) {
			size_t len = strlen(our_names[i]);

			if (strncmp(p, our_names[i], len) == 0 && !is_word(p[len]) &&
			    (p == line || !is_word(p[-1])))
				return our_names[i];
		}
	}
	return NULL;
}

/* A line mark of cpp, # 12 "file" 1: the next line's number and file. */
static bool read_mark(const char *line, unsigned long *number, char **file)
{
	const char *start, *end;

	if (line[0] != '#' || line[1] != ' ' || !isdigit((unsigned char)line[2]))
		return false;
	start = strchr(line, '"');
	end = start == NULL ? NULL : strchr(start + 1, '"');
	if (end == NULL)
		return false;
	*number = strtoul(line + 2, NULL, 10);
	free(*file);
	*file = xasprintf("%.*s", (int)(end - start - 1), start + 1);
	return true;
}

/* Finds the first of these names in @text, with file and line. Returns false if there is none. */
static bool hint_at_name(char *text)
{
	char *rest = text, *line, *file = xstrdup("");
	unsigned long number = 1;
	const char *name = NULL;

	while (name == NULL && (line = strsep(&rest, "\n")) != NULL) {
		if (read_mark(line, &number, &file))
			continue;
		name = find_name(line);
		if (name != NULL)
			complain("%s:%lu: %s is not defined; write #include "
				 "<dt-bindings/mullion.h> at the file's top",
				 file, number, name);
		number++;
	}
	free(file);
	return name != NULL;
}

/* The first /include/ of a file that is nowhere. Returns false when there is none. */
static bool hint_at_missing(const char *path, const char *text, const struct search *search)
{
	while ((text = strstr(text, "/include/")) != NULL) {
		size_t blanks = strspn(text += strlen("/include/"), " \t\r\n"), len;
		char *name;
		bool found;

		if (text[blanks] != '"')
			continue;
		text += blanks + 1;
		len = strcspn(text, "\"\n");
		name = xasprintf("%.*s", (int)len, text);
		found = search_has(search, name);
		if (!found)
			complain("%s: the file of /include/ \"%s\" is not found; correct its name, "
				 "or name its directory with -I DIR",
				 path, name);
		free(name);
		if (!found)
			return true;
	}
	return false;
}

void hint_at_syntax(const char *path, const struct buffer *preprocessed,
		    const struct search *search)
{
	struct buffer copy = { 0 };
	const char *text;
	bool included;

	buffer_add(&copy, preprocessed->data, preprocessed->used);
	buffer_fill(&copy, 1);
	text = (const char *)copy.data;
	included = strstr(text, "/include/") != NULL;
	if (!included && strstr(text, "/dts-v1/") == NULL)
		complain("%s: has no /dts-v1/; write /dts-v1/; in a line of its own before all "
			 "else",
			 path);
	else if (hint_at_missing(path, text, search) || hint_at_name((char *)copy.data))
		;
	else if (included)
		complain("%s: what /include/ brings in is not preprocessed; where that file has "
			 "#include, #define or names from one, write #include in place of "
			 "/include/. Else look for a missing ';' in the line before",
			 path);
	else
		complain("%s: a syntax error is most often a missing ';' at the end of the line "
			 "before, or of a '}'",
			 path);
	buffer_free(&copy);
}
