/* The columns of a table: names, types and limits. */
#include <string.h>

#include "model/change.h"
#include "schema/load.h"

enum { WORDS_MAX = 64, CONSTRAINT_MAX_BYTES = 63, LIMIT_NAME_BYTES = 11 };

/* Whole numbers up to here are exact as doubles, which is how ranges are kept. */
#define WHOLE_MAX 9007199254740992.0

static const char *const column_keys[] = {
    "name",      "server_name", "description", "type",       "enum",   "length", "length_min",
    "precision", "scale",       "min",         "max",        "format", "words",  "nullable",
    "default",   "sensitive",   "immutable",   "references", "since",  "filled", NULL};

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

/* Taken by the implied columns, by SQLite's names of the rowid and by PostgreSQL's own columns. */
static const char *const reserved_columns[] = {"id",
                                               "created_at",
                                               "updated_at",
                                               "deleted_at",
                                               "rowid",
                                               "oid",
                                               "tableoid",
                                               "ctid",
                                               "xmin",
                                               "xmax",
                                               "cmin",
                                               "cmax",
                                               NULL};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; reserved_columns[i] != NULL; i++) {
        if (strcmp(reserved_columns[i], name) == 0) {
            return true;
        }
    }
    return strncmp(name, "tern_", 5) == 0;
}

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

static tern_status
load_type(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
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
static tern_status
load_limits(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
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

/* "scheduled_time" -> "scheduledTime", in place. */
static void to_camel_case(char *name)
{
    char *to = name;

    for (const char *from = name; *from != '\0'; from++) {
        if (*from == '_' && from[1] >= 'a' && from[1] <= 'z') {
            from++;
            *to++ = (char)(*from - 'a' + 'A');
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static tern_status
load_server_name(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    char *copy;

    if (trn_node_member(node, "server_name", &member)) {
        return trn_node_identifier(&loader->reader, &member, &column->server_name);
    }
    copy = trn_arena_copy(loader->reader.arena, column->name, strlen(column->name));
    if (copy == NULL) {
        return trn_fail_nomem(loader->reader.error);
    }
    if (loader->schema->camel_case) {
        to_camel_case(copy);
    }
    column->server_name = copy;
    return TERN_OK;
}

static tern_status load_names(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_column *column)
{
    struct trn_node member;
    tern_status status = trn_node_need(&loader->reader, node, "name", &member);

    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &member, &column->name);
    }
    if (status == TERN_OK && is_reserved(column->name)) {
        return trn_node_fail(&loader->reader, &member, "the name is reserved");
    }
    if (status == TERN_OK && strlen(draft->table->name) + strlen(column->name) + LIMIT_NAME_BYTES >
                                 CONSTRAINT_MAX_BYTES) {
        return trn_node_fail(&loader->reader,
                             &member,
                             "the names of table and column are too long together: at most %d",
                             CONSTRAINT_MAX_BYTES - LIMIT_NAME_BYTES);
    }
    if (status == TERN_OK) {
        status = load_server_name(loader, node, column);
    }
    if (status == TERN_OK && is_reserved(column->server_name)) {
        return trn_node_fail(&loader->reader, node, "the server's name is reserved");
    }
    return status;
}

static tern_status
load_filled(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    static const char *const words[] = {"received", NULL};
    struct trn_node member;
    size_t word = 0;
    tern_status status;

    if (!trn_node_member(node, "filled", &member)) {
        return TERN_OK;
    }
    status = trn_node_word(&loader->reader, &member, words, &word);
    if (status == TERN_OK && (column->type != TRN_TYPE_TIMESTAMPTZ || !column->nullable)) {
        return trn_node_fail(&loader->reader, &member, "is of a nullable timestamptz");
    }
    column->is_arrival = status == TERN_OK;
    return status;
}

static tern_status load_column(struct trn_loader *loader,
                               const struct trn_draft *draft,
                               const struct trn_node *node,
                               struct trn_column *column)
{
    tern_status status = trn_node_object(&loader->reader, node, column_keys);

    column->unit = TRN_UNITS_MAX;
    column->target = TRN_NO_TABLE;
    column->since = draft->table->since;
    if (status == TERN_OK) {
        status = load_names(loader, draft, node, column);
    }
    if (status == TERN_OK) {
        status = load_type(loader, node, column);
    }
    if (status == TERN_OK) {
        status = load_limits(loader, node, column);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "nullable", &column->nullable);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "sensitive", &column->sensitive);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "immutable", &column->immutable);
    }
    if (status == TERN_OK) {
        status = load_filled(loader, node, column);
    }
    return status == TERN_OK ? trn_node_version(&loader->reader,
                                                node,
                                                "since",
                                                loader->schema->version,
                                                &column->since)
                             : status;
}

static bool is_same_name(const struct trn_column *a, const struct trn_column *b)
{
    return strcmp(a->name, b->name) == 0 || strcmp(a->server_name, b->server_name) == 0;
}

/* Among the columns before it, and among all synced ones for a server-only column. */
static tern_status refuse_duplicate(struct trn_loader *loader,
                                    const struct trn_draft *draft,
                                    const struct trn_column *list,
                                    size_t index,
                                    const struct trn_node *node)
{
    bool is_taken = false;

    for (size_t i = 0; i < index; i++) {
        is_taken = is_taken || is_same_name(&list[i], &list[index]);
    }
    for (size_t i = 0; list != draft->columns && i < draft->table->column_count; i++) {
        is_taken = is_taken || is_same_name(&draft->columns[i], &list[index]);
    }
    if (is_taken) {
        return trn_node_fail(&loader->reader, node, "two columns of one name");
    }
    return TERN_OK;
}

/* The items of the list into `columns`, from `first` on. */
static tern_status load_list(struct trn_loader *loader,
                             const struct trn_draft *draft,
                             const struct trn_node *list,
                             struct trn_column *columns,
                             size_t first,
                             size_t count)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(list, i);

        status = load_column(loader, draft, &item, &columns[first + i]);
        if (status == TERN_OK && columns == draft->columns && columns[first + i].is_arrival) {
            return trn_node_fail(&loader->reader,
                                 &item,
                                 "the server fills server_columns of synced tables alone");
        }
        if (status == TERN_OK) {
            status = refuse_duplicate(loader, draft, columns, first + i, &item);
        }
    }
    return status;
}

static void describe_created_at(const struct trn_loader *loader,
                                const struct trn_table *table,
                                struct trn_column *column)
{
    *column = (struct trn_column){
        .name = "created_at",
        .server_name = loader->schema->camel_case ? "createdAt" : "created_at",
        .type = TRN_TYPE_TIMESTAMPTZ,
        .immutable = true,
        .unit = TRN_UNIT_EXISTENCE,
        .target = TRN_NO_TABLE,
        .since = table->since,
    };
}

static tern_status load_server_columns(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&draft->node, "server_columns", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, TRN_COLUMNS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    draft->server_columns = trn_reader_take(&loader->reader, count, sizeof(*draft->server_columns));
    if (draft->server_columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    status = load_list(loader, draft, &list, draft->server_columns, 0, count);
    draft->table->server_columns = draft->server_columns;
    draft->table->server_column_count = count;
    return status;
}

tern_status trn_load_columns(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_node list;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, &draft->node, "columns", &list);

    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &list, 1, TRN_COLUMNS_MAX - 1, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    draft->columns = trn_reader_take(&loader->reader, count + 1, sizeof(*draft->columns));
    if (draft->columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    describe_created_at(loader, draft->table, &draft->columns[0]);
    status = load_list(loader, draft, &list, draft->columns, 1, count);
    draft->table->columns = draft->columns;
    draft->table->column_count = count + 1;
    return status == TERN_OK ? load_server_columns(loader, draft) : status;
}

tern_status trn_load_column_name(struct trn_loader *loader,
                                 const struct trn_draft *draft,
                                 const struct trn_node *node,
                                 uint16_t *ret_column)
{
    const char *name = NULL;
    uint16_t column;
    tern_status status = trn_node_text(&loader->reader, node, &name);

    if (status != TERN_OK) {
        return status;
    }
    column = trn_table_column(draft->table, name);
    if (column == TRN_NO_COLUMN) {
        return trn_node_fail(&loader->reader,
                             node,
                             "%s has no column \"%.60s\"",
                             draft->table->name,
                             name);
    }
    *ret_column = column;
    return TERN_OK;
}

tern_status trn_load_column_list(struct trn_loader *loader,
                                 const struct trn_draft *draft,
                                 const struct trn_node *node,
                                 size_t min,
                                 const uint16_t **ret_columns,
                                 size_t *ret_count)
{
    uint16_t *columns;
    size_t count = 0;
    tern_status status = trn_node_array(&loader->reader, node, min, TRN_COLUMNS_MAX, &count);

    if (status != TERN_OK) {
        return status;
    }
    columns = trn_reader_take(&loader->reader, count, sizeof(*columns));
    if (columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(node, i);

        status = trn_load_column_name(loader, draft, &item, &columns[i]);
        for (size_t k = 0; k < i && status == TERN_OK; k++) {
            if (columns[k] == columns[i]) {
                status = trn_node_fail(&loader->reader, &item, "the column is listed twice");
            }
        }
    }
    if (status == TERN_OK) {
        *ret_columns = columns;
        *ret_count = count;
    }
    return status;
}
