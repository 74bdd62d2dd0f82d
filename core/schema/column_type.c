/* A key that the type does not have is refused, not passed over. */
#include "schema/column_type.h"

#include <string.h>

#include "model/change.h"

enum { WORDS_MAX = 64 };

/* Whole numbers up to here are exact as doubles, which is how ranges are kept. */
#define WHOLE_MAX 9007199254740992.0

static const char *const type_words[] = {
    [TRN_TYPE_UUID] = "uuid",
    [TRN_TYPE_TEXT] = "text",
    [TRN_TYPE_INTEGER] = "integer",
    [TRN_TYPE_BIGINT] = "bigint",
    [TRN_TYPE_REAL] = "real",
    [TRN_TYPE_DECIMAL] = "decimal",
    [TRN_TYPE_BOOL] = "bool",
    [TRN_TYPE_DATE] = "date",
    [TRN_TYPE_TIMESTAMPTZ] = "timestamptz",
    [TRN_TYPE_ENUM] = "enum",
    [TRN_TYPE_JSON] = "json",
    [TRN_TYPE_BYTES] = "bytes",
    NULL,
};

static const char *const format_words[] = {
    [TRN_FORMAT_NONE] = "none",
    [TRN_FORMAT_EMAIL] = "email",
    [TRN_FORMAT_USERNAME] = "username",
    [TRN_FORMAT_PHONE] = "phone",
    [TRN_FORMAT_URL] = "url",
    [TRN_FORMAT_TIME_OF_DAY] = "time-of-day",
    [TRN_FORMAT_TIME_ZONE] = "time-zone",
    [TRN_FORMAT_IP_ADDRESS] = "ip-address",
    [TRN_FORMAT_LANGUAGE_TAG] = "language-tag",
    NULL,
};

static bool has_length(const struct trn_column *column)
{
    return column->type == TRN_TYPE_TEXT || column->type == TRN_TYPE_BYTES;
}

static bool has_range(const struct trn_column *column)
{
    return column->type == TRN_TYPE_INTEGER || column->type == TRN_TYPE_BIGINT ||
           column->type == TRN_TYPE_REAL || column->type == TRN_TYPE_DECIMAL;
}

/* Keys that only some types have. */
static bool fits_type(const struct trn_column *column, const char *key)
{
    const struct {
        const char *key;
        bool fits;
    } pairs[] = {
        {"enum", column->type == TRN_TYPE_ENUM},
        {"length", has_length(column)},
        {"length_min", has_length(column)},
        {"precision", column->type == TRN_TYPE_DECIMAL},
        {"scale", column->type == TRN_TYPE_DECIMAL},
        {"min", has_range(column)},
        {"max", has_range(column)},
        {"format", column->type == TRN_TYPE_TEXT},
        {"words", column->type == TRN_TYPE_TEXT},
        {"references", column->type == TRN_TYPE_UUID},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i].key, key) == 0) {
            return pairs[i].fits;
        }
    }
    return true;
}

static tern_status check_keys_of_type(struct trn_loader *loader,
                                      const struct trn_node *node,
                                      const struct trn_column *column)
{
    const char *key;
    json_t *value;

    json_object_foreach(node->json, key, value)
    {
        struct trn_node member = {.up = node, .key = key, .json = value};

        if (!fits_type(column, key)) {
            return trn_node_fail(&loader->reader, &member, "does not go with this type");
        }
    }
    return TERN_OK;
}

static tern_status
load_enum(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    const struct trn_schema *schema = loader->schema;
    struct trn_node member;
    const char *name = NULL;
    tern_status status = trn_node_need(&loader->reader, node, "enum", &member);

    if (status == TERN_OK) {
        status = trn_node_text(&loader->reader, &member, &name);
    }
    for (size_t i = 0; status == TERN_OK && i < schema->enum_count; i++) {
        if (strcmp(schema->enums[i].name, name) == 0) {
            column->enumeration = &schema->enums[i];
            return TERN_OK;
        }
    }
    return status == TERN_OK
               ? trn_node_fail(&loader->reader, &member, "there is no enum \"%.60s\"", name)
               : status;
}

static tern_status
load_digits(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    int64_t precision = 0;
    int64_t scale = 0;
    tern_status status = trn_node_need(&loader->reader, node, "precision", &member);

    if (status == TERN_OK) {
        status = trn_node_integer(&loader->reader, &member, 1, 100, &precision);
    }
    if (status == TERN_OK && trn_node_member(node, "scale", &member)) {
        status = trn_node_integer(&loader->reader, &member, 0, precision - 1, &scale);
    }
    if (status == TERN_OK) {
        column->precision = (uint8_t)precision;
        column->scale = (uint8_t)scale;
    }
    return status;
}

static tern_status
load_length(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    tern_status status =
        trn_node_count(&loader->reader, node, "length", 1024 * 1024, &column->length_max);

    if (status == TERN_OK) {
        status =
            trn_node_count(&loader->reader, node, "length_min", 1024 * 1024, &column->length_min);
    }
    if (status == TERN_OK && trn_node_member(node, "length", &member) && column->length_max == 0) {
        return trn_node_fail(&loader->reader, &member, "must not be 0");
    }
    if (status == TERN_OK && column->length_max != 0 && column->length_min > column->length_max) {
        return trn_node_fail(&loader->reader, node, "length_min is above length");
    }
    return status;
}

static tern_status load_limit(struct trn_loader *loader,
                              const struct trn_node *node,
                              const char *key,
                              const struct trn_column *column,
                              bool *ret_has,
                              double *ret_limit)
{
    bool is_small = column->type == TRN_TYPE_INTEGER;
    struct trn_node member;
    double limit = 0;
    tern_status status;

    if (!trn_node_member(node, key, &member)) {
        return TERN_OK;
    }
    status = trn_node_number(&loader->reader, &member, &limit);
    if (status != TERN_OK) {
        return status;
    }
    if (trn_limit_is_whole(column) && !json_is_integer(member.json)) {
        return trn_node_fail(&loader->reader, &member, "must be a whole number");
    }
    if (limit < -WHOLE_MAX || limit > WHOLE_MAX) {
        return trn_node_fail(&loader->reader, &member, "must be within 2^53 of 0");
    }
    if (is_small && (limit < INT32_MIN || limit > INT32_MAX)) {
        return trn_node_fail(&loader->reader, &member, "is beyond what an integer holds");
    }
    *ret_has = true;
    *ret_limit = limit;
    return TERN_OK;
}

static tern_status
load_range(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    tern_status status = load_limit(loader, node, "min", column, &column->has_min, &column->min);

    if (status == TERN_OK) {
        status = load_limit(loader, node, "max", column, &column->has_max, &column->max);
    }
    if (status == TERN_OK && column->has_min && column->has_max && column->min > column->max) {
        return trn_node_fail(&loader->reader, node, "min is above max");
    }
    return status;
}

static tern_status
load_words(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    const char **words;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(node, "words", &member)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &member, 1, WORDS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    words = trn_reader_take(&loader->reader, count, sizeof(*words));
    if (words == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&member, i);

        status = trn_node_identifier(&loader->reader, &item, &words[i]);
    }
    column->words = words;
    column->word_count = count;
    return status;
}

static tern_status
load_format(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    size_t format = TRN_FORMAT_NONE;
    tern_status status;

    if (!trn_node_member(node, "format", &member)) {
        return TERN_OK;
    }
    status = trn_node_word(&loader->reader, &member, format_words, &format);
    if (status == TERN_OK) {
        column->format = (enum trn_format)format;
    }
    return status;
}

tern_status
trn_load_type(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    size_t type = 0;
    tern_status status = trn_node_need(&loader->reader, node, "type", &member);

    if (status == TERN_OK) {
        status = trn_node_word(&loader->reader, &member, type_words, &type);
    }
    if (status == TERN_OK) {
        column->type = (enum trn_type)type;
        status = check_keys_of_type(loader, node, column);
    }
    if (status == TERN_OK && column->type == TRN_TYPE_ENUM) {
        status = load_enum(loader, node, column);
    }
    if (status == TERN_OK && column->type == TRN_TYPE_DECIMAL) {
        status = load_digits(loader, node, column);
    }
    return status;
}

/* Only what the type can have is looked for: an open replica waits for this. */
tern_status
trn_load_limits(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    tern_status status = TERN_OK;

    if (has_length(column)) {
        status = load_length(loader, node, column);
    }
    if (status == TERN_OK && has_range(column)) {
        status = load_range(loader, node, column);
    }
    if (status == TERN_OK && column->type == TRN_TYPE_TEXT) {
        status = load_format(loader, node, column);
    }
    if (status == TERN_OK && column->type == TRN_TYPE_TEXT) {
        status = load_words(loader, node, column);
    }
    return status;
}
