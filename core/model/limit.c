/* The table of limits: which apply to a column, and what is said when one is broken. */
#include "model/limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/digits.h"
#include "base/error.h"

enum { JSON_DEPTH_MAX = 1000 };

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: the years that every date type knows. */
#define TIME_MIN_US (-62135596800000000.0)
#define TIME_MAX_US (253402300799000000.0)
/* JSON has no infinity. */
#define REAL_MAX 1e308

static const char *const names[TRN_LIMIT_COUNT] = {
    [TRN_LIMIT_NOT_NULL] = "null",
    [TRN_LIMIT_TYPE] = "type",
    [TRN_LIMIT_ENUM] = "enum",
    [TRN_LIMIT_DATE] = "date",
    [TRN_LIMIT_LENGTH] = "length",
    [TRN_LIMIT_DECIMAL] = "decimal",
    [TRN_LIMIT_DIGITS] = "digits",
    [TRN_LIMIT_RANGE] = "range",
    [TRN_LIMIT_JSON] = "json",
    [TRN_LIMIT_FORMAT] = "format",
};

static const tern_status statuses[TRN_LIMIT_COUNT] = {
    [TRN_LIMIT_NOT_NULL] = TERN_ERR_NOT_NULL,
    [TRN_LIMIT_TYPE] = TERN_ERR_TYPE,
    [TRN_LIMIT_ENUM] = TERN_ERR_ENUM,
    [TRN_LIMIT_DATE] = TERN_ERR_FORMAT,
    [TRN_LIMIT_LENGTH] = TERN_ERR_LENGTH,
    [TRN_LIMIT_DECIMAL] = TERN_ERR_FORMAT,
    [TRN_LIMIT_DIGITS] = TERN_ERR_RANGE,
    [TRN_LIMIT_RANGE] = TERN_ERR_RANGE,
    [TRN_LIMIT_JSON] = TERN_ERR_FORMAT,
    [TRN_LIMIT_FORMAT] = TERN_ERR_FORMAT,
};

static const char *const type_sentences[] = {
    [TRN_TYPE_UUID] = "a uuid (16 bytes)",
    [TRN_TYPE_TEXT] = "text without zero bytes",
    [TRN_TYPE_INTEGER] = "a whole number",
    [TRN_TYPE_BIGINT] = "a whole number",
    [TRN_TYPE_REAL] = "a number",
    [TRN_TYPE_DECIMAL] = "a decimal number as text",
    [TRN_TYPE_BOOL] = "0 or 1",
    [TRN_TYPE_DATE] = "a date as text",
    [TRN_TYPE_TIMESTAMPTZ] = "microseconds since 1970 as a whole number",
    [TRN_TYPE_ENUM] = "one of its enum's values as text",
    [TRN_TYPE_JSON] = "JSON as text without zero bytes",
    [TRN_TYPE_BYTES] = "bytes",
};

static const char *const format_sentences[] = {
    [TRN_FORMAT_NONE] = "",
    [TRN_FORMAT_EMAIL] = "an e-mail address",
    [TRN_FORMAT_USERNAME] = "a user name of letters, digits and @ . + - _",
    [TRN_FORMAT_PHONE] = "a telephone number",
    [TRN_FORMAT_URL] = "an http or https address",
    [TRN_FORMAT_TIME_OF_DAY] = "a time of day HH:MM or HH:MM:SS",
    [TRN_FORMAT_TIME_ZONE] = "an IANA time zone's name",
    [TRN_FORMAT_IP_ADDRESS] = "an IP address",
    [TRN_FORMAT_LANGUAGE_TAG] = "a language tag",
};

static const char *const signs[] = {
    [TRN_LESS] = "<",
    [TRN_LESS_EQUAL] = "<=",
    [TRN_NOT_EQUAL] = "<>",
};

const char *trn_limit_name(enum trn_limit limit)
{
    return names[limit];
}

const char *trn_comparison_sign(enum trn_comparison comparison)
{
    return signs[comparison];
}

bool trn_limit_min(const struct trn_column *column, double *ret_min)
{
    bool has = true;
    double min = column->min;

    if (column->has_min) {
        min = column->min;
    } else if (column->type == TRN_TYPE_INTEGER) {
        min = INT32_MIN;
    } else if (column->type == TRN_TYPE_TIMESTAMPTZ) {
        min = TIME_MIN_US;
    } else if (column->type == TRN_TYPE_REAL) {
        min = -REAL_MAX;
    } else {
        has = false;
    }
    if (has) {
        *ret_min = min;
    }
    return has;
}

bool trn_limit_max(const struct trn_column *column, double *ret_max)
{
    bool has = true;
    double max = column->max;

    if (column->has_max) {
        max = column->max;
    } else if (column->type == TRN_TYPE_INTEGER) {
        max = INT32_MAX;
    } else if (column->type == TRN_TYPE_TIMESTAMPTZ) {
        max = TIME_MAX_US;
    } else if (column->type == TRN_TYPE_REAL) {
        max = REAL_MAX;
    } else {
        has = false;
    }
    if (has) {
        *ret_max = max;
    }
    return has;
}

bool trn_limit_is_whole(const struct trn_column *column)
{
    return column->type == TRN_TYPE_INTEGER || column->type == TRN_TYPE_BIGINT ||
           column->type == TRN_TYPE_TIMESTAMPTZ;
}

/* An enum's, a date's one limit refuses every other kind of value too. */
static bool has_type_limit(const struct trn_column *column)
{
    return column->type != TRN_TYPE_ENUM && column->type != TRN_TYPE_DATE;
}

bool trn_limit_applies(const struct trn_column *column, enum trn_limit limit)
{
    double unused;

    switch (limit) {
    case TRN_LIMIT_NOT_NULL:
        return !column->nullable;
    case TRN_LIMIT_TYPE:
        return has_type_limit(column);
    case TRN_LIMIT_ENUM:
        return column->type == TRN_TYPE_ENUM;
    case TRN_LIMIT_DATE:
        return column->type == TRN_TYPE_DATE;
    case TRN_LIMIT_LENGTH:
        return column->length_max != 0 || column->length_min != 0;
    case TRN_LIMIT_DECIMAL:
    case TRN_LIMIT_DIGITS:
        return column->type == TRN_TYPE_DECIMAL;
    case TRN_LIMIT_RANGE:
        return trn_limit_min(column, &unused) || trn_limit_max(column, &unused);
    case TRN_LIMIT_JSON:
        return column->type == TRN_TYPE_JSON;
    case TRN_LIMIT_FORMAT:
        return column->format != TRN_FORMAT_NONE || column->word_count != 0;
    case TRN_LIMIT_COUNT:
        break;
    }
    return false;
}

/* A sentence in the making; what does not fit is left off. */
struct sentence {
    char text[TERN_ERROR_MESSAGE_BYTES];
    size_t size;
};

static void say(struct sentence *sentence, const char *text)
{
    size_t size = strlen(text);

    if (size > sizeof(sentence->text) - 1 - sentence->size) {
        size = sizeof(sentence->text) - 1 - sentence->size;
    }
    memcpy(sentence->text + sentence->size, text, size);
    sentence->size += size;
    sentence->text[sentence->size] = '\0';
}

static void say_number(struct sentence *sentence, const struct trn_column *column, double number)
{
    char text[TRN_NUMBER_BYTES];

    if (trn_limit_is_whole(column)) {
        (void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)number);
    } else {
        text[trn_real_format(number, text)] = '\0';
    }
    say(sentence, text);
}

static void say_count(struct sentence *sentence, unsigned long count)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lu", count);
    say(sentence, text);
}

static void say_list(struct sentence *sentence, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        say(sentence, i == 0 ? "" : ", ");
        say(sentence, texts[i]);
    }
}

static void say_length(struct sentence *sentence, const struct trn_column *column)
{
    if (column->length_min == 0) {
        say(sentence, "takes at most ");
        say_count(sentence, column->length_max);
    } else if (column->length_max == 0) {
        say(sentence, "takes at least ");
        say_count(sentence, column->length_min);
    } else {
        say(sentence, "takes ");
        say_count(sentence, column->length_min);
        say(sentence, " to ");
        say_count(sentence, column->length_max);
    }
    say(sentence, column->type == TRN_TYPE_BYTES ? " bytes" : " characters");
}

static void say_range(struct sentence *sentence, const struct trn_column *column)
{
    double min = 0;
    double max = 0;
    bool has_min = trn_limit_min(column, &min);
    bool has_max = trn_limit_max(column, &max);

    say(sentence, "must be ");
    if (column->type == TRN_TYPE_TIMESTAMPTZ && !column->has_min && !column->has_max) {
        say(sentence, "in the years 1 to 9999");
        return;
    }
    if (has_min && has_max) {
        say(sentence, "between ");
        say_number(sentence, column, min);
        say(sentence, " and ");
        say_number(sentence, column, max);
        return;
    }
    say(sentence, has_min ? "at least " : "at most ");
    say_number(sentence, column, has_min ? min : max);
}

static void say_format(struct sentence *sentence, const struct trn_column *column)
{
    say(sentence, column->format == TRN_FORMAT_NONE ? "takes one of " : "takes ");
    say_list(sentence, column->words, column->word_count);
    if (column->format != TRN_FORMAT_NONE) {
        say(sentence, column->word_count != 0 ? " or " : "");
        say(sentence, format_sentences[column->format]);
    }
}

static void say_decimal(struct sentence *sentence, const struct trn_column *column)
{
    say(sentence, "takes a decimal number ");
    if (column->scale == 0) {
        say(sentence, "without a point");
    } else {
        say(sentence, "with ");
        say_count(sentence, column->scale);
        say(sentence, column->scale == 1 ? " digit after the point" : " digits after the point");
    }
}

static void
say_limit(struct sentence *sentence, const struct trn_column *column, enum trn_limit limit)
{
    switch (limit) {
    case TRN_LIMIT_NOT_NULL:
        say(sentence, "must not be null");
        break;
    case TRN_LIMIT_TYPE:
        say(sentence, "takes ");
        say(sentence, type_sentences[column->type]);
        break;
    case TRN_LIMIT_ENUM:
        say(sentence, "takes one of ");
        say_list(sentence, column->enumeration->values, column->enumeration->value_count);
        break;
    case TRN_LIMIT_DATE:
        say(sentence, "takes a date YYYY-MM-DD of the years 1 to 9999");
        break;
    case TRN_LIMIT_LENGTH:
        say_length(sentence, column);
        break;
    case TRN_LIMIT_DECIMAL:
        say_decimal(sentence, column);
        break;
    case TRN_LIMIT_DIGITS:
        say(sentence, "takes at most ");
        say_count(sentence, (unsigned long)(column->precision - column->scale));
        say(sentence, " digits before the point");
        break;
    case TRN_LIMIT_RANGE:
        say_range(sentence, column);
        break;
    case TRN_LIMIT_JSON:
        say(sentence, "takes well-formed JSON, nested at most 1,000 deep");
        break;
    case TRN_LIMIT_FORMAT:
        say_format(sentence, column);
        break;
    case TRN_LIMIT_COUNT:
        break;
    }
}

bool trn_limit_is_deep(const tern_value *json)
{
    const uint8_t *bytes = json->data;
    bool in_string = false;
    size_t depth = 0;

    for (size_t i = 0; i < json->size && depth <= JSON_DEPTH_MAX; i++) {
        if (bytes[i] == '"') {
            in_string = !in_string;
        } else if (in_string) {
            i += bytes[i] == '\\';
        } else if (bytes[i] == '[' || bytes[i] == '{') {
            depth++;
        } else if (bytes[i] == ']' || bytes[i] == '}') {
            depth--;
        }
    }
    return depth > JSON_DEPTH_MAX;
}

tern_status trn_limit_fail(const struct trn_table *table,
                           const struct trn_column *column,
                           enum trn_limit limit,
                           tern_error *error)
{
    struct sentence sentence = {.size = 0};

    TRN_ASSERT(limit < TRN_LIMIT_COUNT);

    say_limit(&sentence, column, limit);
    return trn_fail(error, statuses[limit], "%s.%s %s", table->name, column->name, sentence.text);
}

tern_status trn_limit_fail_check(const struct trn_table *table,
                                 const struct trn_check *check,
                                 tern_error *error)
{
    const char *left = table->columns[check->left].name;
    const char *right = table->columns[check->right].name;

    if (check->kind == TRN_CHECK_REQUIRE) {
        return trn_fail(error,
                        TERN_ERR_CHECK,
                        "%s: check %s: %s must not be null for this %s",
                        table->name,
                        check->name,
                        left,
                        right);
    }
    return trn_fail(error,
                    TERN_ERR_CHECK,
                    "%s: check %s: %s %s %s does not hold",
                    table->name,
                    check->name,
                    left,
                    signs[check->comparison],
                    right);
}
