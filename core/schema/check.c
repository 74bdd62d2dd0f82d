/* One value, one row against the limits: in C what the CHECK constraints of ddl_sqlite.c say in
 * SQL. The two are tested against each other, value by value. */
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "schema/format.h"
#include "schema/schema.h"

static struct trn_slice slice_of(const tern_value *value)
{
    return trn_slice_make(value->data, value->size);
}

static bool has_zero_byte(const tern_value *value)
{
    return value->size != 0 && memchr(value->data, 0, value->size) != NULL;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool has_type(const struct trn_column *column, const tern_value *value)
{
    switch (column->type) {
    case TRN_TYPE_UUID:
        return value->kind == TERN_BLOB && value->size == sizeof(tern_id);
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_JSON:
        return value->kind == TERN_TEXT && !has_zero_byte(value);
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        return value->kind == TERN_INTEGER;
    case TRN_TYPE_BOOL:
        return value->kind == TERN_INTEGER && (value->integer == 0 || value->integer == 1);
    case TRN_TYPE_REAL:
        return value->kind == TERN_REAL || value->kind == TERN_INTEGER;
    case TRN_TYPE_BYTES:
        return value->kind == TERN_BLOB;
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
        break;
    }
    return value->kind == TERN_TEXT;
}

static bool is_listed(const char *const *texts, size_t count, const tern_value *value)
{
    for (size_t i = 0; i < count && value->kind == TERN_TEXT; i++) {
        if (trn_slice_equal_text(slice_of(value), texts[i])) {
            return true;
        }
    }
    return false;
}

static int number_at(const uint8_t *digits, size_t count)
{
    int number = 0;

    for (size_t i = 0; i < count; i++) {
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool is_date(const tern_value *value)
{
    const uint8_t *text = value->data;
    int year;
    int month;
    int day;

    if (value->kind != TERN_TEXT ||
        !trn_glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]", slice_of(value))) {
        return false;
    }
    year = number_at(text, 4);
    month = number_at(text + 5, 2);
    day = number_at(text + 8, 2);
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

static bool has_length(const struct trn_column *column, const tern_value *value)
{
    size_t length = column->type == TRN_TYPE_BYTES ? value->size : trn_utf8_count(slice_of(value));

    return length >= column->length_min &&
           (column->length_max == 0 || length <= column->length_max);
}

/* The digits before the point, behind the sign. */
static struct trn_slice whole_part(const struct trn_column *column, const tern_value *value)
{
    const uint8_t *text = value->data;
    size_t behind = column->scale == 0 ? 0 : (size_t)column->scale + 1;
    size_t sign = value->size != 0 && text[0] == '-' ? 1 : 0;

    if (value->size < behind + sign) {
        return trn_slice_make("", 0);
    }
    return trn_slice_make(text + sign, value->size - behind - sign);
}

static bool are_digits(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
    }
    return true;
}

/* No sign before nothing but zeros. */
static bool is_minus_zero(const tern_value *value)
{
    const uint8_t *text = value->data;

    if (text[0] != '-') {
        return false;
    }
    for (size_t i = 1; i < value->size; i++) {
        if (text[i] != '0' && text[i] != '.') {
            return false;
        }
    }
    return true;
}

/* Optional '-', digits without a needless 0, and exactly `scale` more behind a '.'. */
static bool is_decimal(const struct trn_column *column, const tern_value *value)
{
    struct trn_slice whole = whole_part(column, value);
    const uint8_t *text = value->data;
    const uint8_t *point;

    if (whole.size == 0 || !are_digits(whole.data, whole.size) ||
        (whole.data[0] == '0' && whole.size > 1) || is_minus_zero(value)) {
        return false;
    }
    if (column->scale == 0) {
        return true;
    }
    point = text + value->size - column->scale - 1;
    return *point == '.' && are_digits(point + 1, column->scale);
}

static double number_of(const tern_value *value)
{
    return value->kind == TERN_INTEGER ? (double)value->integer : value->real;
}

/* A canonical decimal of any size, near enough for a comparison with a limit of the document. */
static double decimal_of(const tern_value *value)
{
    const uint8_t *text = value->data;
    double number = 0;
    double weight = 0;

    for (size_t i = 0; i < value->size; i++) {
        if (text[i] == '.') {
            weight = 1;
        } else if (text[i] != '-') {
            number = number * 10 + (text[i] - '0');
            weight *= 10;
        }
    }
    number = weight > 0 ? number / weight : number;
    return text[0] == '-' ? -number : number;
}

static bool is_whole_in_range(const struct trn_column *column, int64_t integer)
{
    double min;
    double max;

    return (!trn_limit_min(column, &min) || integer >= (int64_t)min) &&
           (!trn_limit_max(column, &max) || integer <= (int64_t)max);
}

static bool is_in_range(const struct trn_column *column, const tern_value *value)
{
    double number;
    double min;
    double max;

    if (trn_limit_is_whole(column)) {
        return is_whole_in_range(column, value->integer);
    }
    number = column->type == TRN_TYPE_DECIMAL ? decimal_of(value) : number_of(value);
    return (!trn_limit_min(column, &min) || number >= min) &&
           (!trn_limit_max(column, &max) || number <= max);
}

static bool has_format(const struct trn_column *column, const tern_value *value)
{
    return is_listed(column->words, column->word_count, value) ||
           trn_format_fits(column->format, slice_of(value));
}

/* ---- JSON ---- */

/* The text is kept as it is and never represented. */
static tern_status check_json(const tern_value *value, bool *ret_holds)
{
    json_error_t reason;
    json_t *tree = NULL;
    tern_status status = trn_json_load_any(slice_of(value), &tree, &reason);

    json_decref(tree);
    *ret_holds = status == TERN_OK && !trn_limit_is_deep(value);
    return status == TERN_ERR_NOMEM ? status : TERN_OK;
}

static tern_status holds(const struct trn_column *column,
                         enum trn_limit limit,
                         const tern_value *value,
                         bool *ret_holds)
{
    switch (limit) {
    case TRN_LIMIT_TYPE:
        *ret_holds = has_type(column, value);
        break;
    case TRN_LIMIT_ENUM:
        *ret_holds =
            is_listed(column->enumeration->values, column->enumeration->value_count, value);
        break;
    case TRN_LIMIT_DATE:
        *ret_holds = is_date(value);
        break;
    case TRN_LIMIT_LENGTH:
        *ret_holds = has_length(column, value);
        break;
    case TRN_LIMIT_DECIMAL:
        *ret_holds = is_decimal(column, value);
        break;
    case TRN_LIMIT_DIGITS:
        *ret_holds = whole_part(column, value).size <= (size_t)(column->precision - column->scale);
        break;
    case TRN_LIMIT_RANGE:
        *ret_holds = is_in_range(column, value);
        break;
    case TRN_LIMIT_JSON:
        return check_json(value, ret_holds);
    case TRN_LIMIT_FORMAT:
        *ret_holds = has_format(column, value);
        break;
    case TRN_LIMIT_NOT_NULL:
    case TRN_LIMIT_COUNT:
        *ret_holds = true;
        break;
    }
    return TERN_OK;
}

static tern_status check_limits(const struct trn_table *table,
                                const struct trn_column *column,
                                const tern_value *value,
                                tern_error *error)
{
    for (int i = TRN_LIMIT_TYPE; i < TRN_LIMIT_COUNT; i++) {
        enum trn_limit limit = (enum trn_limit)i;
        bool does_hold = true;

        if (!trn_limit_applies(column, limit)) {
            continue;
        }
        if (holds(column, limit, value, &does_hold) != TERN_OK) {
            return trn_fail_nomem(error);
        }
        if (!does_hold) {
            return trn_limit_fail(table, column, limit, error);
        }
    }
    return TERN_OK;
}

tern_status trn_schema_check_value(const struct trn_table *table,
                                   const struct trn_column *column,
                                   const tern_value *value,
                                   tern_error *error)
{
    TRN_ASSERT(table != NULL && column != NULL && value != NULL);

    if (value->kind == TERN_NULL) {
        return column->nullable ? TERN_OK
                                : trn_limit_fail(table, column, TRN_LIMIT_NOT_NULL, error);
    }
    if (value->kind == TERN_TEXT && !trn_utf8_is_valid(slice_of(value))) {
        return trn_fail(error,
                        TERN_ERR_NOT_UTF8,
                        "%s.%s takes UTF-8 text",
                        table->name,
                        column->name);
    }
    return check_limits(table, column, value, error);
}

/* Order of two values of one column type, as SQLite has it. */
static int compare(const tern_value *a, const tern_value *b)
{
    if (a->kind == TERN_INTEGER && b->kind == TERN_INTEGER) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    if (a->kind == TERN_TEXT || a->kind == TERN_BLOB) {
        return trn_slice_compare(slice_of(a), slice_of(b));
    }
    return (number_of(a) > number_of(b)) - (number_of(a) < number_of(b));
}

static bool check_holds(const struct trn_check *check, const tern_value *values)
{
    const tern_value *left = &values[check->left];
    const tern_value *right = &values[check->right];

    if (check->kind == TRN_CHECK_REQUIRE) {
        return left->kind != TERN_NULL || right->kind == TERN_NULL ||
               compare(right, &check->value) != 0;
    }
    if (left->kind == TERN_NULL || right->kind == TERN_NULL) {
        return true;
    }
    switch (check->comparison) {
    case TRN_LESS:
        return compare(left, right) < 0;
    case TRN_LESS_EQUAL:
        return compare(left, right) <= 0;
    case TRN_NOT_EQUAL:
        break;
    }
    return compare(left, right) != 0;
}

tern_status
trn_schema_check_row(const struct trn_table *table, const tern_value *values, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->column_count; i++) {
        if (values[i].kind == TERN_NULL && !table->columns[i].nullable) {
            return trn_limit_fail(table, &table->columns[i], TRN_LIMIT_NOT_NULL, error);
        }
    }
    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = trn_schema_check_value(table, &table->columns[i], &values[i], error);
    }
    for (size_t i = 0; i < table->check_count && status == TERN_OK; i++) {
        if (!check_holds(&table->checks[i], values)) {
            status = trn_limit_fail_check(table, &table->checks[i], error);
        }
    }
    return status;
}
