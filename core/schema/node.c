/* Reading typed things from a JSON tree, every refusal naming its place as RFC 6901 spells it. */
#include "schema/node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 48, IDENTIFIER_MAX_BYTES = 63, TEXT_MAX_BYTES = 400, WAY_BYTES = 200 };

static void append(char *way, const char *text)
{
    size_t size = strlen(way);
    size_t more = strlen(text);

    if (more > WAY_BYTES - 1 - size) {
        more = WAY_BYTES - 1 - size;
    }
    memcpy(way + size, text, more);
    way[size + more] = '\0';
}

static void append_key(char *way, const char *key)
{
    char part[2] = {0};

    for (; *key != '\0'; key++) {
        part[0] = *key;
        append(way, *key == '~' ? "~0" : *key == '/' ? "~1" : part);
    }
}

/* The pointer of the node, from the root; a chain is as long as the document is deep. */
static void spell(const struct trn_node *node, char *way)
{
    char number[24];

    if (node->up == NULL) {
        return;
    }
    spell(node->up, way);
    append(way, "/");
    if (node->key != NULL) {
        append_key(way, node->key);
        return;
    }
    (void)snprintf(number, sizeof(number), "%zu", node->index);
    append(way, number);
}

tern_status
trn_node_fail(const struct trn_reader *reader, const struct trn_node *node, const char *format, ...)
{
    char way[WAY_BYTES] = "";
    char reason[TERN_ERROR_MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    spell(node, way);
    return trn_fail(reader->error,
                    TERN_ERR_SCHEMA,
                    "%s: %s",
                    way[0] == '\0' ? "(document)" : way,
                    reason);
}

static bool is_listed(const char *const *words, const char *word)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, word) == 0) {
            return true;
        }
    }
    return false;
}

tern_status trn_node_object(const struct trn_reader *reader,
                            const struct trn_node *node,
                            const char *const *keys)
{
    const char *key;
    json_t *value;

    if (!json_is_object(node->json)) {
        return trn_node_fail(reader, node, "must be an object");
    }
    json_object_foreach(node->json, key, value)
    {
        if (!is_listed(keys, key)) {
            return trn_node_fail(reader, node, "unknown key \"%.60s\"", key);
        }
        if (strcmp(key, "description") == 0 && !json_is_string(value)) {
            return trn_node_fail(reader, node, "the description must be a string");
        }
    }
    return TERN_OK;
}

tern_status trn_node_array(const struct trn_reader *reader,
                           const struct trn_node *node,
                           size_t min,
                           size_t max,
                           size_t *ret_count)
{
    size_t count;

    if (!json_is_array(node->json)) {
        return trn_node_fail(reader, node, "must be an array");
    }
    count = json_array_size(node->json);
    if (count < min || count > max) {
        return trn_node_fail(reader, node, "must have %zu to %zu items", min, max);
    }
    *ret_count = count;
    return TERN_OK;
}

bool trn_node_member(const struct trn_node *node, const char *key, struct trn_node *ret_member)
{
    json_t *value = json_object_get(node->json, key);

    if (value == NULL) {
        return false;
    }
    *ret_member = (struct trn_node){.up = node, .key = key, .json = value};
    return true;
}

tern_status trn_node_need(const struct trn_reader *reader,
                          const struct trn_node *node,
                          const char *key,
                          struct trn_node *ret_member)
{
    if (!trn_node_member(node, key, ret_member)) {
        return trn_node_fail(reader, node, "the key \"%s\" is missing", key);
    }
    return TERN_OK;
}

struct trn_node trn_node_item(const struct trn_node *node, size_t index)
{
    return (struct trn_node){.up = node,
                             .key = NULL,
                             .index = index,
                             .json = json_array_get(node->json, index)};
}

tern_status
trn_node_text(const struct trn_reader *reader, const struct trn_node *node, const char **ret_text)
{
    if (!json_is_string(node->json)) {
        return trn_node_fail(reader, node, "must be a string");
    }
    if (json_string_length(node->json) > TEXT_MAX_BYTES) {
        return trn_node_fail(reader, node, "is longer than %d bytes", TEXT_MAX_BYTES);
    }
    *ret_text = json_string_value(node->json);
    return TERN_OK;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

tern_status
trn_node_name(const struct trn_reader *reader, const struct trn_node *node, const char **ret_name)
{
    const char *text = "";
    tern_status status = trn_node_text(reader, node, &text);
    bool is_good = status == TERN_OK && is_lower(text[0]) && strlen(text) <= NAME_MAX_BYTES;

    for (const char *c = text; is_good && *c != '\0'; c++) {
        is_good = is_lower(*c) || is_digit(*c) || *c == '_';
    }
    if (status == TERN_OK && !is_good) {
        return trn_node_fail(reader,
                             node,
                             "must be a name: a lower-case letter, then lower-case letters, "
                             "digits and _, at most %d in all",
                             NAME_MAX_BYTES);
    }
    return status == TERN_OK ? trn_reader_copy(reader, text, ret_name) : status;
}

tern_status trn_node_identifier(const struct trn_reader *reader,
                                const struct trn_node *node,
                                const char **ret_name)
{
    const char *text = "";
    tern_status status = trn_node_text(reader, node, &text);
    bool is_good = status == TERN_OK && text[0] != '\0' && !is_digit(text[0]) &&
                   strlen(text) <= IDENTIFIER_MAX_BYTES;

    for (const char *c = text; is_good && *c != '\0'; c++) {
        is_good = is_lower(*c) || is_upper(*c) || is_digit(*c) || *c == '_';
    }
    if (status == TERN_OK && !is_good) {
        return trn_node_fail(reader,
                             node,
                             "must be letters, digits and _, no digit first, at most %d in all",
                             IDENTIFIER_MAX_BYTES);
    }
    return status == TERN_OK ? trn_reader_copy(reader, text, ret_name) : status;
}

tern_status trn_node_integer(const struct trn_reader *reader,
                             const struct trn_node *node,
                             int64_t min,
                             int64_t max,
                             int64_t *ret_integer)
{
    json_int_t integer = json_integer_value(node->json);

    if (!json_is_integer(node->json) || integer < min || integer > max) {
        return trn_node_fail(reader,
                             node,
                             "must be a whole number from %" PRId64 " to %" PRId64,
                             min,
                             max);
    }
    *ret_integer = integer;
    return TERN_OK;
}

tern_status
trn_node_number(const struct trn_reader *reader, const struct trn_node *node, double *ret_number)
{
    if (!json_is_number(node->json)) {
        return trn_node_fail(reader, node, "must be a number");
    }
    *ret_number = json_number_value(node->json);
    return TERN_OK;
}

tern_status trn_node_flag(const struct trn_reader *reader,
                          const struct trn_node *node,
                          const char *key,
                          bool *value)
{
    struct trn_node member;

    if (!trn_node_member(node, key, &member)) {
        return TERN_OK;
    }
    if (!json_is_boolean(member.json)) {
        return trn_node_fail(reader, &member, "must be true or false");
    }
    *value = json_is_true(member.json);
    return TERN_OK;
}

static tern_status read_small(const struct trn_reader *reader,
                              const struct trn_node *node,
                              const char *key,
                              uint32_t min,
                              uint32_t max,
                              uint32_t *value)
{
    struct trn_node member;
    int64_t integer = 0;
    tern_status status;

    if (!trn_node_member(node, key, &member)) {
        return TERN_OK;
    }
    status = trn_node_integer(reader, &member, min, max, &integer);
    if (status == TERN_OK) {
        *value = (uint32_t)integer;
    }
    return status;
}

tern_status trn_node_count(const struct trn_reader *reader,
                           const struct trn_node *node,
                           const char *key,
                           uint32_t max,
                           uint32_t *value)
{
    return read_small(reader, node, key, 0, max, value);
}

tern_status trn_node_version(const struct trn_reader *reader,
                             const struct trn_node *node,
                             const char *key,
                             uint32_t max,
                             uint32_t *value)
{
    return read_small(reader, node, key, 1, max, value);
}

static tern_status
fail_word(const struct trn_reader *reader, const struct trn_node *node, const char *const *words)
{
    char list[TERN_ERROR_MESSAGE_BYTES] = "";
    size_t size = 0;

    for (size_t i = 0; words[i] != NULL && size < sizeof(list); i++) {
        size += (size_t)
            snprintf(list + size, sizeof(list) - size, "%s%s", i == 0 ? "" : ", ", words[i]);
    }
    return trn_node_fail(reader, node, "must be one of %s", list);
}

tern_status trn_node_word(const struct trn_reader *reader,
                          const struct trn_node *node,
                          const char *const *words,
                          size_t *ret_index)
{
    const char *text = "";
    tern_status status = trn_node_text(reader, node, &text);

    for (size_t i = 0; status == TERN_OK && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_index = i;
            return TERN_OK;
        }
    }
    return status == TERN_OK ? fail_word(reader, node, words) : status;
}

void *trn_reader_take(const struct trn_reader *reader, size_t count, size_t size)
{
    void *room = trn_arena_take(reader->arena, count, size);

    if (room == NULL) {
        tern_status status = trn_fail_nomem(reader->error);

        (void)status;
    }
    return room;
}

tern_status
trn_reader_copy(const struct trn_reader *reader, const char *text, const char **ret_copy)
{
    char *copy = trn_arena_copy(reader->arena, text, strlen(text));

    if (copy == NULL) {
        return trn_fail_nomem(reader->error);
    }
    *ret_copy = copy;
    return TERN_OK;
}
