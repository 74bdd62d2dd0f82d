/* The checker in C and the constraints of the replica's tables: one verdict, one code, one
 * sentence, for every type and every limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/change.h"
#include "tests/unit/schema/documents.h"

#define KHMER "\xE1\x9E\x90\xE1\x9F\x92\xE1\x9E\x93\xE1\x9E\xB6\xE1\x9F\x86"
#define PILL "\xF0\x9F\x92\x8A"

/* Columns to try; the name of each is its key in `tries`. */
static const char columns[] =
    ",{'name':'a_uuid','type':'uuid','nullable':true}"
    ",{'name':'a_text','type':'text','nullable':true}"
    ",{'name':'a_short','type':'text','length':5,'nullable':true}"
    ",{'name':'a_sized','type':'text','length':5,'length_min':2,'nullable':true}"
    ",{'name':'a_long','type':'text','length_min':2,'nullable':true}"
    ",{'name':'an_integer','type':'integer','nullable':true}"
    ",{'name':'a_percent','type':'integer','min':0,'max':100,'nullable':true}"
    ",{'name':'a_floor','type':'bigint','min':-5,'nullable':true}"
    ",{'name':'a_ceiling','type':'bigint','max':5000000000,'nullable':true}"
    ",{'name':'a_bigint','type':'bigint','nullable':true}"
    ",{'name':'a_real','type':'real','nullable':true}"
    ",{'name':'a_part','type':'real','min':0.5,'max':1,'nullable':true}"
    ",{'name':'a_price','type':'decimal','precision':5,'scale':2,'nullable':true}"
    ",{'name':'a_whole','type':'decimal','precision':3,'nullable':true}"
    ",{'name':'a_paid','type':'decimal','precision':6,'scale':1,'min':-10,'max':99.5,'nullable':"
    "true}"
    ",{'name':'a_bool','type':'bool','nullable':true}"
    ",{'name':'a_date','type':'date','nullable':true}"
    ",{'name':'a_time','type':'timestamptz','nullable':true}"
    ",{'name':'a_role','type':'enum','enum':'Role','nullable':true}"
    ",{'name':'a_json','type':'json','nullable':true}"
    ",{'name':'some_bytes','type':'bytes','length':3,'nullable':true}"
    ",{'name':'an_email','type':'text','format':'email','nullable':true}"
    ",{'name':'a_login','type':'text','format':'username','nullable':true}"
    ",{'name':'a_phone','type':'text','format':'phone','nullable':true}"
    ",{'name':'a_url','type':'text','format':'url','nullable':true}"
    ",{'name':'an_hour','type':'text','format':'time-of-day','nullable':true}"
    ",{'name':'a_slot','type':'text','format':'time-of-day','words':['MORNING','NIGHT'],'nullable':"
    "true}"
    ",{'name':'a_word','type':'text','words':['ON','OFF'],'nullable':true}"
    ",{'name':'a_zone','type':'text','format':'time-zone','nullable':true}"
    ",{'name':'an_address','type':'text','format':'ip-address','nullable':true}"
    ",{'name':'a_language','type':'text','format':'language-tag','nullable':true}"
    ",{'name':'a_must','type':'text','default':'x'}";

struct
try {
    const char *column;
    tern_status status;
    tern_value value;
};

/* A hundred. */
#define TEN_DIGITS "1234567890"
#define MANY_DIGITS                                                                                \
    TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS        \
        TEN_DIGITS TEN_DIGITS
#define TEXT(text)                                                                                 \
    {                                                                                              \
        .kind = TERN_TEXT, .data = (text), .size = sizeof(text) - 1                                \
    }
#define BLOB(text)                                                                                 \
    {                                                                                              \
        .kind = TERN_BLOB, .data = (text), .size = sizeof(text) - 1                                \
    }
#define WHOLE(number)                                                                              \
    {                                                                                              \
        .kind = TERN_INTEGER, .integer = (number)                                                  \
    }
#define REAL(number)                                                                               \
    {                                                                                              \
        .kind = TERN_REAL, .real = (number)                                                        \
    }

static const struct try tries[] = {
    {"a_uuid", TERN_OK, BLOB("0123456789abcdef")},
    {"a_uuid", TERN_OK, {.kind = TERN_NULL}},
    {"a_uuid", TERN_ERR_TYPE, BLOB("0123456789abcde")},
    {"a_uuid", TERN_ERR_TYPE, TEXT("0123456789abcdef")},
    {"a_uuid", TERN_ERR_TYPE, WHOLE(5)},
    {"a_text", TERN_OK, TEXT("")},
    {"a_text", TERN_OK, TEXT("it's \"quoted\"")},
    {"a_text", TERN_OK, TEXT(KHMER PILL)},
    {"a_text", TERN_ERR_TYPE, TEXT("zero\0byte")},
    {"a_text", TERN_ERR_TYPE, TEXT("\0")},
    {"a_text", TERN_ERR_TYPE, BLOB("bytes")},
    {"a_short", TERN_OK, TEXT(PILL PILL PILL PILL PILL)},
    {"a_short", TERN_OK, TEXT("")},
    {"a_short", TERN_ERR_LENGTH, TEXT(PILL PILL PILL PILL PILL PILL)},
    {"a_short", TERN_ERR_LENGTH, TEXT("123456")},
    {"a_sized", TERN_OK, TEXT("12")},
    {"a_sized", TERN_OK, TEXT("12345")},
    {"a_sized", TERN_ERR_LENGTH, TEXT("1")},
    {"a_sized", TERN_ERR_LENGTH, TEXT(PILL)},
    {"a_sized", TERN_ERR_LENGTH, TEXT("123456")},
    {"a_long", TERN_OK, TEXT("123456")},
    {"a_long", TERN_ERR_LENGTH, TEXT("1")},
    {"an_integer", TERN_OK, WHOLE(INT32_MAX)},
    {"an_integer", TERN_OK, WHOLE(INT32_MIN)},
    {"an_integer", TERN_ERR_RANGE, WHOLE((int64_t)INT32_MAX + 1)},
    {"an_integer", TERN_ERR_RANGE, WHOLE((int64_t)INT32_MIN - 1)},
    {"an_integer", TERN_ERR_TYPE, REAL(1.5)},
    {"an_integer", TERN_ERR_TYPE, TEXT("one")},
    {"an_integer", TERN_ERR_TYPE, BLOB("1")},
    {"a_percent", TERN_OK, WHOLE(0)},
    {"a_percent", TERN_OK, WHOLE(100)},
    {"a_percent", TERN_ERR_RANGE, WHOLE(101)},
    {"a_percent", TERN_ERR_RANGE, WHOLE(-1)},
    {"a_floor", TERN_OK, WHOLE(-5)},
    {"a_floor", TERN_OK, WHOLE(INT64_MAX)},
    {"a_floor", TERN_ERR_RANGE, WHOLE(-6)},
    {"a_ceiling", TERN_OK, WHOLE(5000000000)},
    {"a_ceiling", TERN_ERR_RANGE, WHOLE(5000000001)},
    {"a_bigint", TERN_OK, WHOLE(INT64_MIN)},
    {"a_bigint", TERN_OK, WHOLE(INT64_MAX)},
    {"a_bigint", TERN_ERR_TYPE, REAL(1e30)},
    {"a_real", TERN_OK, REAL(-0.25)},
    {"a_real", TERN_OK, WHOLE(7)},
    {"a_real", TERN_ERR_RANGE, REAL(1.5e308)},
    {"a_real", TERN_ERR_TYPE, TEXT("much")},
    {"a_real", TERN_ERR_TYPE, BLOB("1")},
    {"a_part", TERN_OK, REAL(0.5)},
    {"a_part", TERN_OK, WHOLE(1)},
    {"a_part", TERN_ERR_RANGE, REAL(0.4999)},
    {"a_part", TERN_ERR_RANGE, WHOLE(2)},
    {"a_price", TERN_OK, TEXT("123.45")},
    {"a_price", TERN_OK, TEXT("-0.01")},
    {"a_price", TERN_OK, TEXT("0.00")},
    {"a_price", TERN_ERR_FORMAT, TEXT("-0.00")},
    {"a_price", TERN_ERR_FORMAT, TEXT("00.10")},
    {"a_price", TERN_ERR_FORMAT, TEXT("-01.10")},
    {"a_price", TERN_ERR_FORMAT, TEXT("1.5")},
    {"a_price", TERN_ERR_FORMAT, TEXT("1.555")},
    {"a_price", TERN_ERR_FORMAT, TEXT("1")},
    {"a_price", TERN_ERR_FORMAT, TEXT(".50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("-.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("--1.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("1-.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("+1.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("1e1.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("")},
    {"a_price", TERN_ERR_FORMAT, TEXT("-")},
    {"a_price", TERN_ERR_FORMAT, TEXT(" 1.50")},
    {"a_price", TERN_ERR_FORMAT, TEXT("\xE1\x9F\xA1.50")},
    {"a_price", TERN_ERR_RANGE, TEXT("1234.50")},
    {"a_price", TERN_ERR_TYPE, BLOB("1.50")},
    {"a_price", TERN_ERR_TYPE, TEXT("1.50\0")},
    {"a_whole", TERN_OK, TEXT("999")},
    {"a_whole", TERN_OK, TEXT("-999")},
    {"a_whole", TERN_OK, TEXT("0")},
    {"a_whole", TERN_ERR_RANGE, TEXT("1000")},
    {"a_whole", TERN_ERR_FORMAT, TEXT("007")},
    {"a_whole", TERN_ERR_FORMAT, TEXT("-0")},
    {"a_whole", TERN_ERR_FORMAT, TEXT("1.0")},
    {"a_whole", TERN_ERR_FORMAT, TEXT("")},
    {"a_paid", TERN_OK, TEXT("99.5")},
    {"a_paid", TERN_OK, TEXT("-10.0")},
    {"a_paid", TERN_ERR_RANGE, TEXT("99.6")},
    {"a_paid", TERN_ERR_RANGE, TEXT("-10.1")},
    {"a_bool", TERN_OK, WHOLE(0)},
    {"a_bool", TERN_OK, WHOLE(1)},
    {"a_bool", TERN_ERR_TYPE, WHOLE(2)},
    {"a_bool", TERN_ERR_TYPE, TEXT("true")},
    {"a_bool", TERN_ERR_TYPE, BLOB("1")},
    {"a_date", TERN_OK, TEXT("2026-11-20")},
    {"a_date", TERN_OK, TEXT("2024-02-29")},
    {"a_date", TERN_OK, TEXT("2000-02-29")},
    {"a_date", TERN_OK, TEXT("0001-01-01")},
    {"a_date", TERN_OK, TEXT("9999-12-31")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2023-02-29")},
    {"a_date", TERN_ERR_FORMAT, TEXT("1900-02-29")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-04-31")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-13-01")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-00-10")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-01-00")},
    {"a_date", TERN_ERR_FORMAT, TEXT("0000-01-01")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-1-1")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-11-20T00:00")},
    {"a_date", TERN_ERR_FORMAT, TEXT("2026-11-20\0")},
    {"a_date", TERN_ERR_FORMAT, TEXT("now")},
    {"a_date", TERN_ERR_FORMAT, TEXT("")},
    {"a_date", TERN_ERR_FORMAT, BLOB("2026-11-20")},
    {"a_date", TERN_ERR_FORMAT, WHOLE(20261120)},
    {"a_time", TERN_OK, WHOLE(0)},
    {"a_time", TERN_OK, WHOLE(-62135596800000000)},
    {"a_time", TERN_OK, WHOLE(253402300799000000)},
    {"a_time", TERN_ERR_RANGE, WHOLE(-62135596800000001)},
    {"a_time", TERN_ERR_RANGE, WHOLE(253402300799000001)},
    {"a_time", TERN_ERR_TYPE, TEXT("2026-11-20T00:00:00Z")},
    {"a_role", TERN_OK, TEXT("WRITER")},
    {"a_role", TERN_ERR_ENUM, TEXT("writer")},
    {"a_role", TERN_ERR_ENUM, TEXT("")},
    {"a_role", TERN_ERR_ENUM, TEXT("WRITER\0")},
    {"a_role", TERN_ERR_ENUM, BLOB("WRITER")},
    {"a_role", TERN_ERR_ENUM, WHOLE(1)},
    {"a_json", TERN_OK, TEXT("{\"a\": [1, 2.50, null]}")},
    {"a_json", TERN_OK, TEXT("  7 ")},
    {"a_json", TERN_OK, TEXT("\"\\u0000 \\ud800\"")},
    {"a_json", TERN_OK, TEXT("123456789012345678901234567890")},
    {"a_json", TERN_OK, TEXT("{\"a\":1,\"a\":2}")},
    {"a_json", TERN_OK, TEXT("[\"" KHMER "\"]")},
    {"a_json", TERN_OK, TEXT("[1e999, -2.5E+4000, {\"\\uDBFF\": 1e-999}, \"\\udc00\\\\u\"]")},
    {"a_json", TERN_OK, TEXT(MANY_DIGITS MANY_DIGITS MANY_DIGITS MANY_DIGITS ".5e0")},
    {"a_json", TERN_ERR_FORMAT, TEXT("[1e999, oops")},
    {"a_json", TERN_ERR_FORMAT, TEXT("{\"a\":1e999,}")},
    {"a_json", TERN_ERR_FORMAT, TEXT("[\"\\ud800\", 01]")},
    {"a_json", TERN_ERR_FORMAT, TEXT("[\"\\ud8xx\"]")},
    {"a_json", TERN_ERR_FORMAT, TEXT(MANY_DIGITS MANY_DIGITS MANY_DIGITS MANY_DIGITS "x")},
    {"a_json", TERN_ERR_FORMAT, TEXT("")},
    {"a_json", TERN_ERR_FORMAT, TEXT("{")},
    {"a_json", TERN_ERR_FORMAT, TEXT("{'a':1}")},
    {"a_json", TERN_ERR_FORMAT, TEXT("[1,]")},
    {"a_json", TERN_ERR_FORMAT, TEXT("01")},
    {"a_json", TERN_ERR_FORMAT, TEXT("NaN")},
    {"a_json", TERN_ERR_FORMAT, TEXT("1 2")},
    {"a_json", TERN_ERR_TYPE, TEXT("1\0")},
    {"a_json", TERN_ERR_TYPE, BLOB("1")},
    {"some_bytes", TERN_OK, BLOB("")},
    {"some_bytes", TERN_OK, BLOB("\0\xFF\x01")},
    {"some_bytes", TERN_ERR_LENGTH, BLOB("1234")},
    {"some_bytes", TERN_ERR_TYPE, TEXT("123")},
    {"an_email", TERN_OK, TEXT("a.b+c@example.org")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a@b")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a b@c.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a@b@c.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT("@b.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a@.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a@b.de.")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a..b@c.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT(KHMER "@c.de")},
    {"an_email", TERN_ERR_FORMAT, TEXT("a@b.de\n")},
    {"an_email", TERN_ERR_FORMAT, TEXT("")},
    {"a_login", TERN_OK, TEXT("first_last-2@home.+")},
    {"a_login", TERN_ERR_FORMAT, TEXT("")},
    {"a_login", TERN_ERR_FORMAT, TEXT("two words")},
    {"a_login", TERN_ERR_FORMAT, TEXT(KHMER)},
    {"a_phone", TERN_OK, TEXT("+855 12 345 678")},
    {"a_phone", TERN_OK, TEXT("555-123-4567")},
    {"a_phone", TERN_OK, TEXT("(012) 345.678")},
    {"a_phone", TERN_ERR_FORMAT, TEXT("1234")},
    {"a_phone", TERN_ERR_FORMAT, TEXT("12+345678")},
    {"a_phone", TERN_ERR_FORMAT, TEXT("call 12345")},
    {"a_url", TERN_OK, TEXT("https://example.org/a?b=c#d")},
    {"a_url", TERN_OK, TEXT("http://e")},
    {"a_url", TERN_ERR_FORMAT, TEXT("ftp://example.org")},
    {"a_url", TERN_ERR_FORMAT, TEXT("https://")},
    {"a_url", TERN_ERR_FORMAT, TEXT("https:///etc")},
    {"a_url", TERN_ERR_FORMAT, TEXT("https://a b")},
    {"an_hour", TERN_OK, TEXT("00:00")},
    {"an_hour", TERN_OK, TEXT("23:59:59")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("24:00")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("7:00")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("07:60")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("07:00:60")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("07:00:00.5")},
    {"an_hour", TERN_ERR_FORMAT, TEXT("MORNING")},
    {"a_slot", TERN_OK, TEXT("MORNING")},
    {"a_slot", TERN_OK, TEXT("07:00")},
    {"a_slot", TERN_ERR_FORMAT, TEXT("DAYTIME")},
    {"a_word", TERN_OK, TEXT("OFF")},
    {"a_word", TERN_ERR_FORMAT, TEXT("off")},
    {"a_word", TERN_ERR_TYPE, BLOB("OFF")},
    {"a_zone", TERN_OK, TEXT("Asia/Phnom_Penh")},
    {"a_zone", TERN_OK, TEXT("UTC")},
    {"a_zone", TERN_OK, TEXT("Etc/GMT+7")},
    {"a_zone", TERN_ERR_FORMAT, TEXT("Asia/")},
    {"a_zone", TERN_ERR_FORMAT, TEXT("/etc/passwd")},
    {"a_zone", TERN_ERR_FORMAT, TEXT("Asia//Phnom")},
    {"a_zone", TERN_ERR_FORMAT, TEXT("../zone")},
    {"an_address", TERN_OK, TEXT("192.168.0.255")},
    {"an_address", TERN_OK, TEXT("0.0.0.0")},
    {"an_address", TERN_OK, TEXT("::")},
    {"an_address", TERN_OK, TEXT("::1")},
    {"an_address", TERN_OK, TEXT("fe80::1:2")},
    {"an_address", TERN_OK, TEXT("2001:db8:0:0:0:0:0:1")},
    {"an_address", TERN_OK, TEXT("::ffff:10.0.0.1")},
    {"an_address", TERN_ERR_FORMAT, TEXT("256.1.1.1")},
    {"an_address", TERN_ERR_FORMAT, TEXT("1.2.3")},
    {"an_address", TERN_ERR_FORMAT, TEXT("1.2.3.4.5")},
    {"an_address", TERN_ERR_FORMAT, TEXT("01.2.3.4")},
    {"an_address", TERN_ERR_FORMAT, TEXT("1.2.3.")},
    {"an_address", TERN_ERR_FORMAT, TEXT("1::2::3")},
    {"an_address", TERN_ERR_FORMAT, TEXT(":::")},
    {"an_address", TERN_ERR_FORMAT, TEXT("1:2:3:4:5:6:7")},
    {"an_address", TERN_ERR_FORMAT, TEXT("12345::1")},
    {"an_address", TERN_ERR_FORMAT, TEXT("g::1")},
    {"an_address", TERN_ERR_FORMAT, TEXT("localhost")},
    {"a_language", TERN_OK, TEXT("km")},
    {"a_language", TERN_OK, TEXT("en-US")},
    {"a_language", TERN_OK, TEXT("zh-Hant-TW")},
    {"a_language", TERN_ERR_FORMAT, TEXT("k")},
    {"a_language", TERN_ERR_FORMAT, TEXT("en_US")},
    {"a_language", TERN_ERR_FORMAT, TEXT("en-")},
    {"a_language", TERN_ERR_FORMAT, TEXT("en--US")},
    {"a_language", TERN_ERR_FORMAT, TEXT("abcdefghi")},
    {"a_must", TERN_OK, TEXT("y")},
    {"a_must", TERN_ERR_NOT_NULL, {.kind = TERN_NULL}},
};

static void bind(sqlite3_stmt *stmt, int at, const tern_value *value)
{
    int rc = SQLITE_ERROR;

    switch (value->kind) {
    case TERN_NULL:
        rc = sqlite3_bind_null(stmt, at);
        break;
    case TERN_INTEGER:
        rc = sqlite3_bind_int64(stmt, at, value->integer);
        break;
    case TERN_REAL:
        rc = sqlite3_bind_double(stmt, at, value->real);
        break;
    case TERN_TEXT:
        rc = sqlite3_bind_text(stmt, at, value->data, (int)value->size, SQLITE_STATIC);
        break;
    case TERN_BLOB:
        rc = value->size == 0
                 ? sqlite3_bind_zeroblob(stmt, at, 0)
                 : sqlite3_bind_blob(stmt, at, value->data, (int)value->size, SQLITE_STATIC);
        break;
    }
    CHECK(rc == SQLITE_OK);
}

/* What a row with this one cell meets in the replica, in our words. */
static tern_status insert(sqlite3 *db,
                          const struct trn_schema *schema,
                          const char *column,
                          const tern_value *value,
                          tern_error *error)
{
    char sql[200];
    sqlite3_stmt *stmt = NULL;
    tern_status status = TERN_OK;

    (void)snprintf(sql,
                   sizeof(sql),
                   "INSERT INTO notes (id, owner_id, %s) VALUES (randomblob(16), randomblob(16), "
                   "?1)",
                   column);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    bind(stmt, 1, value);
    if (sqlite3_step(stmt) != SQLITE_DONE) {
        status = trn_schema_explain(schema, sqlite3_errmsg(db), error);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static void compare(sqlite3 *db, const struct trn_schema *schema, const struct try *attempt)
{
    const struct trn_table *table = trn_schema_table(schema, "notes");
    uint16_t column = trn_table_column(table, attempt->column);
    tern_error by_sqlite = {.status = TERN_OK};
    tern_error by_us = {.status = TERN_OK};
    tern_status status;

    CHECK(column != TRN_NO_COLUMN);
    status = insert(db, schema, attempt->column, &attempt->value, &by_sqlite);
    if (status != attempt->status) {
        (void)fprintf(stderr,
                      "%s (%.*s)\n",
                      attempt->column,
                      (int)attempt->value.size,
                      attempt->value.data == NULL ? "" : (const char *)attempt->value.data);
    }
    CHECK_TEXT(tern_status_code(status), tern_status_code(attempt->status));
    status = trn_schema_check_value(table, &table->columns[column], &attempt->value, &by_us);
    if (status != attempt->status) {
        (void)fprintf(stderr,
                      "%s (%.*s)\n",
                      attempt->column,
                      (int)attempt->value.size,
                      attempt->value.data == NULL ? "" : (const char *)attempt->value.data);
    }
    CHECK_TEXT(tern_status_code(status), tern_status_code(attempt->status));
    CHECK_TEXT(by_us.message, by_sqlite.message);
}

TEST(the_checker_and_the_constraints_say_the_same_of_every_value)
{
    struct trn_schema *schema = documents_notes(columns, "");
    sqlite3 *db = documents_replica(schema);

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        compare(db, schema, &tries[i]);
    }
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

/* SQLite reads deeper ones or not, as its version has it. */
TEST(json_is_nested_no_deeper_than_every_sqlite_reads)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");
    const struct trn_column *column = &table->columns[trn_table_column(table, "a_json")];
    char text[2 * 1001 + 4];

    for (size_t depth = 1000; depth <= 1001; depth++) {
        const tern_value value = {.kind = TERN_TEXT, .data = text, .size = 2 * depth + 1};
        const tern_status expected = depth == 1000 ? TERN_OK : TERN_ERR_FORMAT;

        memset(text, '[', depth);
        text[depth] = ' ';
        memset(text + depth + 1, ']', depth);
        CHECK_INT(trn_schema_check_value(table, column, &value, NULL), expected);
    }
    memset(text, '[', sizeof text);
    text[0] = '"';
    text[sizeof text - 1] = '"';
    CHECK_INT(
        trn_schema_check_value(table,
                               column,
                               &(tern_value){.kind = TERN_TEXT, .data = text, .size = sizeof text},
                               NULL),
        TERN_OK);
    trn_schema_free(schema);
}

TEST(every_type_and_limit_is_tried_with_a_good_and_a_bad_value)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");

    for (size_t c = 3; c < table->column_count; c++) {
        unsigned good = 0;
        unsigned bad = 0;

        for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
            if (strcmp(tries[i].column, table->columns[c].name) == 0) {
                good += tries[i].status == TERN_OK;
                bad += tries[i].status != TERN_OK;
            }
        }
        CHECK(good != 0 && bad != 0);
    }
    trn_schema_free(schema);
}

TEST(a_sentence_names_the_column_and_the_limit_and_never_the_value)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");
    const struct {
        const char *column;
        tern_value value;
        const char *sentence;
    } expected[] = {
        {"a_short", TEXT("secret"), "notes.a_short takes at most 5 characters"},
        {"a_sized", TEXT("s"), "notes.a_sized takes 2 to 5 characters"},
        {"a_long", TEXT("s"), "notes.a_long takes at least 2 characters"},
        {"some_bytes", BLOB("secret"), "notes.some_bytes takes at most 3 bytes"},
        {"a_percent", WHOLE(4711), "notes.a_percent must be between 0 and 100"},
        {"a_floor", WHOLE(-4711), "notes.a_floor must be at least -5"},
        {"a_ceiling", WHOLE(INT64_MAX), "notes.a_ceiling must be at most 5000000000"},
        {"a_part", REAL(4711), "notes.a_part must be between 0.5 and 1"},
        {"a_time", WHOLE(INT64_MAX), "notes.a_time must be in the years 1 to 9999"},
        {"a_price",
         TEXT("4711"),
         "notes.a_price takes a decimal number with 2 digits after the point"},
        {"a_price", TEXT("4711.00"), "notes.a_price takes at most 3 digits before the point"},
        {"a_role", TEXT("SECRET"), "notes.a_role takes one of READER, WRITER"},
        {"a_word", TEXT("SECRET"), "notes.a_word takes one of ON, OFF"},
        {"a_slot",
         TEXT("SECRET"),
         "notes.a_slot takes MORNING, NIGHT or a time of day HH:MM or HH:MM:SS"},
        {"a_date", TEXT("SECRET"), "notes.a_date takes a date YYYY-MM-DD of the years 1 to 9999"},
        {"a_json",
         TEXT("SECRET"),
         "notes.a_json takes well-formed JSON, nested at most 1,000 deep"},
        {"an_email", TEXT("SECRET"), "notes.an_email takes an e-mail address"},
        {"a_uuid", TEXT("SECRET"), "notes.a_uuid takes a uuid (16 bytes)"},
        {"a_must", {.kind = TERN_NULL}, "notes.a_must must not be null"},
        {"a_text", TEXT("\xFF"), "notes.a_text takes UTF-8 text"},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        uint16_t column = trn_table_column(table, expected[i].column);
        tern_error error = {.status = TERN_OK};

        CHECK(trn_schema_check_value(table, &table->columns[column], &expected[i].value, &error) !=
              TERN_OK);
        CHECK_TEXT(error.message, expected[i].sentence);
    }
    trn_schema_free(schema);
}

TEST(text_that_is_no_utf_8_has_a_code_of_its_own)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");
    const tern_value value = TEXT("\xE1\x9E");

    CHECK_INT(trn_schema_check_value(table,
                                     &table->columns[trn_table_column(table, "a_text")],
                                     &value,
                                     NULL),
              TERN_ERR_NOT_UTF8);
    trn_schema_free(schema);
}

/* ---- Checks over two columns ---- */

static const char pair_columns[] = ",{'name':'starts','type':'date','nullable':true}"
                                   ",{'name':'ends','type':'date','nullable':true}"
                                   ",{'name':'low','type':'integer','nullable':true}"
                                   ",{'name':'high','type':'integer','nullable':true}"
                                   ",{'name':'urgent','type':'bool','default':false}"
                                   ",{'name':'reason','type':'text','nullable':true}";

static const char pair_checks[] =
    ",'checks':[{'name':'in_order','compare':['starts','<=','ends']},"
    "{'name':'apart','compare':['low','<','high']},"
    "{'name':'said_why','require':{'column':'reason','when':'urgent','is':true}}]";

/* The row of these cells (SQL literals, and the same as values) against both. */
static void compare_pair(const char *names,
                         const char *sql_values,
                         const tern_value *values,
                         const char *sentence)
{
    struct trn_schema *schema = documents_notes(pair_columns, pair_checks);
    sqlite3 *db = documents_replica(schema);
    const struct trn_table *table = trn_schema_table(schema, "notes");
    tern_value row[TRN_COLUMNS_MAX] = {0};
    tern_error by_sqlite = {.status = TERN_OK};
    tern_error by_us = {.status = TERN_OK};
    tern_status status = TERN_OK;
    char sql[300];

    (void)snprintf(
        sql,
        sizeof(sql),
        "INSERT INTO notes (id, owner_id, %s) VALUES (randomblob(16), randomblob(16), %s)",
        names,
        sql_values);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        status = trn_schema_explain(schema, sqlite3_errmsg(db), &by_sqlite);
    }
    CHECK_TEXT(by_sqlite.message, sentence);
    CHECK_INT(status, sentence[0] == '\0' ? TERN_OK : TERN_ERR_CHECK);
    row[0] = tern_value_integer(1);
    row[1] = tern_value_blob("0123456789abcdef", 16);
    memcpy(row + 3, values, 6 * sizeof(*values));
    CHECK_INT(trn_schema_check_row(table, row, &by_us), status);
    CHECK_TEXT(by_us.message, sentence);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(a_check_over_two_columns_holds_alike)
{
    const tern_value good[6] =
        {TEXT("2026-01-01"), TEXT("2026-01-01"), WHOLE(1), WHOLE(2), WHOLE(1), TEXT("pain")};
    const tern_value open[6] = {TEXT("2026-01-01"), {0}, {0}, WHOLE(2), WHOLE(0), {0}};
    const tern_value swapped[6] = {TEXT("2026-01-02"), TEXT("2026-01-01"), {0}, {0}, WHOLE(0), {0}};
    const tern_value equal[6] = {{0}, {0}, WHOLE(2), WHOLE(2), WHOLE(0), {0}};
    const tern_value silent[6] = {{0}, {0}, {0}, {0}, WHOLE(1), {0}};

    compare_pair("starts, ends, low, high, urgent, reason",
                 "'2026-01-01', '2026-01-01', 1, 2, 1, 'pain'",
                 good,
                 "");
    compare_pair("starts, high, urgent", "'2026-01-01', 2, 0", open, "");
    compare_pair("starts, ends",
                 "'2026-01-02', '2026-01-01'",
                 swapped,
                 "notes: check in_order: starts <= ends does not hold");
    compare_pair("low, high", "2, 2", equal, "notes: check apart: low < high does not hold");
    compare_pair("urgent",
                 "1",
                 silent,
                 "notes: check said_why: reason must not be null for this urgent");
}

TEST(a_row_is_checked_for_nulls_first_as_sqlite_does)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");
    tern_value row[TRN_COLUMNS_MAX] = {0};
    tern_error error = {.status = TERN_OK};

    row[0] = tern_value_integer(1);
    row[1] = tern_value_integer(1);
    CHECK_INT(trn_schema_check_row(table, row, &error), TERN_ERR_NOT_NULL);
    CHECK_TEXT(error.message, "notes.a_must must not be null");
    trn_schema_free(schema);
}

TEST(checking_json_works_or_fails_for_want_of_memory)
{
    struct trn_schema *schema = documents_notes(columns, "");
    const struct trn_table *table = trn_schema_table(schema, "notes");
    const tern_value value = TEXT("[1,{\"a\":[\"b\"]}]");
    unsigned rounds = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status =
            trn_schema_check_value(table,
                                   &table->columns[trn_table_column(table, "a_json")],
                                   &value,
                                   NULL);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        rounds++;
    }
    CHECK(rounds > 3);
    trn_schema_free(schema);
}
