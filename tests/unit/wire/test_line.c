/* The row codec beside jansson: what is written is JSON, what jansson refuses is refused, and every
 * value comes back as it went. */
#include "wire/line.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "model/change.h"
#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"
#include "wire/limits.h"

static const struct trn_table *kinds(void)
{
    return &tables_schema()->tables[TABLES_KINDS];
}

/* Reads all members of one line. */
static tern_status read_all(struct trn_line_reader *reader,
                            struct trn_slice line,
                            struct trn_token *tokens,
                            size_t room,
                            size_t *ret_count)
{
    bool any = false;
    size_t count = 0;
    tern_status status;

    trn_line_reader_open(reader, line);
    status = trn_line_next(reader, &any, NULL);
    while (status == TERN_OK && any && trn_line_has_more(reader)) {
        CHECK(count < room);
        status = trn_line_read(reader, &tokens[count++], NULL);
    }
    if (status == TERN_OK) {
        status = any ? trn_line_read_end(reader, NULL) : TERN_ERR_PROTOCOL;
    }
    *ret_count = count;
    return status;
}

static tern_status status_of(const char *line)
{
    struct trn_line_reader reader;
    struct trn_token tokens[64];
    size_t count = 0;
    tern_status status = read_all(&reader, trn_slice_text(line), tokens, 64, &count);

    trn_line_reader_free(&reader);
    return status;
}

static void check_same(const struct trn_token *token, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_NULL:
        CHECK_INT(token->kind, TRN_TOKEN_NULL);
        break;
    case JSON_TRUE:
        CHECK_INT(token->kind, TRN_TOKEN_TRUE);
        break;
    case JSON_FALSE:
        CHECK_INT(token->kind, TRN_TOKEN_FALSE);
        break;
    case JSON_INTEGER:
        CHECK_INT(token->kind, TRN_TOKEN_INTEGER);
        CHECK(token->integer == json_integer_value(json));
        break;
    case JSON_REAL:
        CHECK_INT(token->kind, TRN_TOKEN_REAL);
        CHECK(token->real == json_real_value(json));
        break;
    case JSON_STRING:
        CHECK_INT(token->kind, TRN_TOKEN_TEXT);
        CHECK(trn_slice_equal(token->text,
                              trn_slice_make(json_string_value(json), json_string_length(json))));
        break;
    default:
        fail_msg("a nested member");
    }
}

static bool is_flat(const json_t *array)
{
    size_t index;
    json_t *member;

    if (!json_is_array(array)) {
        return false;
    }
    json_array_foreach(array, index, member)
    {
        if (json_is_array(member) || json_is_object(member)) {
            return false;
        }
    }
    return true;
}

/* What we take, jansson takes and reads alike; what it takes and is flat, we take, but for control
 * by newline. `text` is without its newline. */
static void check_against_jansson(struct trn_slice text)
{
    struct trn_bytes line = {0};
    struct trn_line_reader reader;
    struct trn_token tokens[128];
    size_t count = 0;
    json_t *json = json_loadb((const char *)text.data, text.size, 0, NULL);
    bool flat = json != NULL && is_flat(json);
    tern_status status;

    CHECK_INT(trn_bytes_append_slice(&line, text), TERN_OK);
    CHECK_INT(trn_bytes_append_byte(&line, '\n'), TERN_OK);
    status = read_all(&reader, trn_bytes_slice(&line), tokens, 128, &count);
    if (status == TERN_OK) {
        CHECK(flat && count == json_array_size(json));
        for (size_t i = 0; i < count; i++) {
            check_same(&tokens[i], json_array_get(json, i));
        }
    } else {
        CHECK(!flat || memchr(text.data, '\n', text.size) != NULL);
    }
    trn_line_reader_free(&reader);
    trn_bytes_free(&line);
    json_decref(json);
}

static const char *const samples[] = {
    "[]",
    "[ ]",
    "[1]",
    " [ 1 , 2 ]\r",
    "[null,true,false]",
    "[0,-0,7,-7,9223372036854775807,-9223372036854775808]",
    "[9223372036854775808]",
    "[-9223372036854775809]",
    "[99999999999999999999]",
    "[01]",
    "[-]",
    "[+1]",
    "[1.]",
    "[.5]",
    "[1e]",
    "[1e+]",
    "[-0.0,1.5,1e3,1E-3,1e+3,0.1,123456789.123456789,5e-324,1.7976931348623157e308]",
    "[1e309]",
    "[-1e400]",
    "[1e-400]",
    "[0.30000000000000004,2.2250738585072011e-308,9007199254740993.0]",
    "[\"\",\"a\",\"\\u00e9\",\"\\u1790\\u17d2\\u1793\\u17b6\\u17c6\",\"\\ud83d\\udc8a\"]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"ថ្នាំគ្រាប់\",\"💊\"]",
    "[\"\\ud83d\"]",
    "[\"\\udc8a\"]",
    "[\"\\ud83d\\u0041\"]",
    "[\"\\ud83dx\"]",
    "[\"\\udc8a\\ud83d\"]",
    "[\"\\u0000\"]",
    "[\"\\u12\"]",
    "[\"\\x41\"]",
    "[\"\\",
    "[\"\t\"]",
    "[\"\x7F\"]",
    "[\"\xC3\"]",
    "[\"\xC0\xAF\"]",
    "[\"\xED\xA0\x80\"]",
    "[\"\xF4\x90\x80\x80\"]",
    "[\"\xFF\"]",
    "[\"plain text that is longer than one word of the scan\"]",
    "[\"plain text, then \xC3 broken far behind the first word\"]",
    "[nul]",
    "[nulll]",
    "[True]",
    "[tru]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1",
    "[",
    "",
    "]",
    "1",
    "{}",
    "null",
    "[1]]",
    "[1]x",
    "[[1]]",
    "[{}]",
    "[\"a\" \"b\"]",
    "['a']",
    "[\"a]",
    "[1]\v",
    "[\xC2\xA0]",
    "[\xEF\xBB\xBF]",
    "\xEF\xBB\xBF[1]",
};

TEST(hand_written_lines_read_as_jansson_reads_them)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        check_against_jansson(trn_slice_text(samples[i]));
    }
}

/* A small generator of its own, so that every run sees the same lines. */
static uint32_t dice(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

TEST(lines_with_any_byte_changed_read_as_jansson_reads_them)
{
    uint32_t state = 2463534242;

    for (size_t round = 0; round < 40000; round++) {
        const char *sample = samples[dice(&state) % (sizeof(samples) / sizeof(samples[0]))];
        char text[256];
        size_t size = strlen(sample);
        unsigned changes = dice(&state) % 3;

        memcpy(text, sample, size);
        for (unsigned i = 0; size != 0 && i <= changes; i++) {
            static const char odd[] = "\"\\[]{},:0123456789-+.eEunltrfas \t\r";
            uint32_t which = dice(&state);

            text[dice(&state) % size] =
                (char)(which % 4 == 0 ? dice(&state) & 0xFF : (uint8_t)odd[which % 34]);
        }
        if (memchr(text, 0, size) == NULL) {
            check_against_jansson(trn_slice_make(text, size));
        }
    }
}

/* Generated arrays, dumped by jansson in each of its ways, are read as they were meant. */
static json_t *generate(uint32_t *state)
{
    static const char *const texts[] = {"", "MORNING", "ថ្នាំ", "💊 8h", "a\"b\\c/d", "\n\t\x01\x1F"};
    json_t *array = json_array();
    size_t members = dice(state) % 20;

    for (size_t i = 0; i < members; i++) {
        double real = (double)(int32_t)dice(state) * pow(10, (double)(dice(state) % 40) - 20);
        json_int_t integer = (json_int_t)((uint64_t)dice(state) << 32 | dice(state));
        json_t *member;

        switch (dice(state) % 6) {
        case 0:
            member = json_null();
            break;
        case 1:
            member = json_boolean(dice(state) % 2);
            break;
        case 2:
            member = json_integer(integer >> dice(state) % 64);
            break;
        case 3:
            member = json_real(real);
            break;
        default:
            member = json_string(texts[dice(state) % 6]);
            break;
        }
        CHECK_INT(json_array_append_new(array, member), 0);
    }
    return array;
}

TEST(generated_arrays_are_read_however_they_are_spelled)
{
    static const size_t ways[] = {0, JSON_COMPACT, JSON_ENSURE_ASCII, JSON_ESCAPE_SLASH};
    uint32_t state = 88675123;

    for (size_t round = 0; round < 4000; round++) {
        json_t *array = generate(&state);

        for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
            char *text = json_dumps(array, ways[way]);
            struct trn_line_reader reader;
            struct trn_token tokens[32];
            struct trn_bytes line = {0};
            size_t count = 0;

            CHECK_INT(trn_bytes_append_format(&line, "%s\n", text), TERN_OK);
            CHECK_INT(read_all(&reader, trn_bytes_slice(&line), tokens, 32, &count), TERN_OK);
            CHECK_INT(count, json_array_size(array));
            for (size_t i = 0; i < count; i++) {
                check_same(&tokens[i], json_array_get(array, i));
            }
            trn_line_reader_free(&reader);
            trn_bytes_free(&line);
            free(text);
        }
        json_decref(array);
    }
}

TEST(each_kind_of_failure_has_its_code)
{
    CHECK_INT(status_of("[1]\n"), TERN_OK);
    CHECK_INT(status_of("[1]"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("[1}\n"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("[[[[\n"), TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of("[1,{\n"), TERN_ERR_TOO_DEEP);
    CHECK_INT(status_of("[\"\xFF\"]\n"), TERN_ERR_NOT_UTF8);
}

TEST(a_text_above_the_cap_is_too_large_and_one_at_it_is_not)
{
    for (size_t over = 0; over < 2; over++) {
        struct trn_bytes line = {0};
        size_t size = TRN_WIRE_STRING_MAX + over;

        CHECK_INT(trn_bytes_append_text(&line, "[\""), TERN_OK);
        CHECK_INT(trn_bytes_reserve(&line, size + 3), TERN_OK);
        memset(line.data + line.size, 'a', size);
        line.size += size;
        CHECK_INT(trn_bytes_append_text(&line, "\"]\n"), TERN_OK);
        CHECK_INT(status_of((const char *)line.data), over != 0 ? TERN_ERR_TOO_LARGE : TERN_OK);
        trn_bytes_free(&line);
    }
}

TEST(a_text_without_escapes_is_borrowed_and_one_with_them_outlives_the_next_member)
{
    static const char line[] = "[\"plain\",\"es\\u0063aped\",\"\\n\",\"cGxhaW4\\/\"]\n";
    struct trn_line_reader reader;
    struct trn_token tokens[8];
    size_t count = 0;

    CHECK_INT(read_all(&reader, trn_slice_text(line), tokens, 8, &count), TERN_OK);
    CHECK(tokens[0].text.data == (const uint8_t *)line + 2);
    CHECK(trn_slice_equal_text(tokens[0].text, "plain"));
    CHECK(trn_slice_equal_text(tokens[1].text, "escaped"));
    CHECK(trn_slice_equal_text(tokens[2].text, "\n"));
    CHECK(trn_slice_equal_text(tokens[3].text, "cGxhaW4/"));
    trn_line_reader_free(&reader);
}

/* A row of `kinds` with a value of every type. */
static void fill(tern_value *values, const uint8_t *id)
{
    values[KIND_CREATED_AT] = tern_value_integer(INT64_C(1763600000123456));
    values[KIND_UUID] = tern_value_blob(id, 16);
    values[KIND_TEXT] = tern_value_text("ថ្នាំ \"💊\" \\ /\n\x01");
    values[KIND_INTEGER] = tern_value_integer(-2147483648);
    values[KIND_BIGINT] = tern_value_integer(INT64_MIN);
    values[KIND_REAL] = tern_value_real(0.1);
    values[KIND_DECIMAL] = tern_value_text("-12.50");
    values[KIND_BOOL] = tern_value_integer(1);
    values[KIND_DATE] = tern_value_text("2026-11-20");
    values[KIND_TIMESTAMPTZ] = tern_value_integer(INT64_MAX);
    values[KIND_ENUM] = tern_value_text("TAKEN_LATE");
    values[KIND_JSON] = tern_value_text("{\"amount\": 1.0,  \"x\":[1]}");
    values[KIND_BYTES] = tern_value_blob("\0\xFF\x10", 3);
    values[KIND_ADDED] = tern_value_null();
}

static void write_row(struct trn_line_writer *writer, const tern_value *values)
{
    trn_line_begin(writer, 'i');
    for (size_t i = 0; i < KIND_COLUMNS; i++) {
        trn_line_write_value(writer, &kinds()->columns[i], &values[i]);
    }
}

static void check_row(struct trn_slice line, const tern_value *values)
{
    struct trn_line_reader reader;
    struct trn_slice tag;
    tern_value read[KIND_COLUMNS];
    bool any = false;

    trn_line_reader_open(&reader, line);
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    CHECK_INT(trn_line_read_text(&reader, &tag, NULL), TERN_OK);
    for (size_t i = 0; i < KIND_COLUMNS; i++) {
        CHECK_INT(trn_line_read_value(&reader, &kinds()->columns[i], &read[i], NULL), TERN_OK);
    }
    CHECK_INT(trn_line_read_end(&reader, NULL), TERN_OK);
    for (size_t i = 0; i < KIND_COLUMNS; i++) {
        CHECK(trn_value_equal(&read[i], &values[i]));
    }
    trn_line_reader_free(&reader);
}

TEST(a_value_of_every_type_comes_back_as_it_went)
{
    static const uint8_t id[16] = {0xFB, 0xEF, 0xBE, 1, 2, 3};
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;
    tern_value values[KIND_COLUMNS];
    json_t *json;

    fill(values, id);
    trn_line_writer_open(&writer, &bytes);
    write_row(&writer, values);
    CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
    json = json_loads(trn_bytes_text(&bytes), 0, NULL);
    CHECK(json != NULL && json_array_size(json) == KIND_COLUMNS + 1);
    CHECK(json_is_true(json_array_get(json, 1 + KIND_BOOL)));
    CHECK_TEXT(json_string_value(json_array_get(json, 1 + KIND_TEXT)), values[KIND_TEXT].data);
    CHECK(json_real_value(json_array_get(json, 1 + KIND_REAL)) == 0.1);
    check_row(trn_bytes_slice(&bytes), values);
    json_decref(json);
    for (size_t i = 0; i < KIND_COLUMNS; i++) {
        values[i] = tern_value_null();
    }
    trn_bytes_clear(&bytes);
    trn_line_writer_open(&writer, &bytes);
    write_row(&writer, values);
    CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
    check_row(trn_bytes_slice(&bytes), values);
    trn_bytes_free(&bytes);
}

TEST(a_row_cut_off_anywhere_is_refused)
{
    static const uint8_t id[16] = {7};
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;
    tern_value values[KIND_COLUMNS];

    fill(values, id);
    trn_line_writer_open(&writer, &bytes);
    write_row(&writer, values);
    CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        struct trn_line_reader reader;
        struct trn_token tokens[64];
        struct trn_bytes cut = {0};
        size_t count = 0;

        CHECK_INT(trn_bytes_append(&cut, bytes.data, size), TERN_OK);
        CHECK(read_all(&reader, trn_bytes_slice(&cut), tokens, 64, &count) != TERN_OK);
        trn_line_reader_free(&reader);
        if (size + 1 < bytes.size) {
            CHECK_INT(trn_bytes_append_byte(&cut, '\n'), TERN_OK);
            CHECK(read_all(&reader, trn_bytes_slice(&cut), tokens, 64, &count) != TERN_OK);
            trn_line_reader_free(&reader);
        }
        trn_bytes_free(&cut);
    }
    trn_bytes_free(&bytes);
}

static tern_status write_status(size_t column, tern_value value, struct trn_bytes *bytes)
{
    struct trn_line_writer writer;
    tern_error error = {0};
    size_t before;
    tern_status status;

    trn_bytes_clear(bytes);
    trn_line_writer_open(&writer, bytes);
    trn_line_begin(&writer, 'i');
    trn_line_write_integer(&writer, 1);
    CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
    before = bytes->size;
    trn_line_begin(&writer, 'i');
    trn_line_write_value(&writer, &kinds()->columns[column], &value);
    trn_line_write_integer(&writer, 1);
    status = trn_line_finish(&writer, &error);
    if (status != TERN_OK) {
        CHECK_INT(bytes->size, before);
        CHECK(error.status == status);
        CHECK(strstr(error.message, kinds()->columns[column].name) != NULL);
        CHECK_INT(trn_line_finish(&writer, NULL), status);
    }
    return status;
}

TEST(a_value_that_cannot_be_written_leaves_no_trace_and_names_its_column)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_status(KIND_TEXT, tern_value_integer(1), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_TEXT, tern_value_blob("a", 1), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_UUID, tern_value_blob("a", 1), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_UUID, tern_value_text("a"), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_BYTES, tern_value_text("a"), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_INTEGER, tern_value_real(1), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_BOOL, tern_value_integer(2), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_REAL, tern_value_text("1"), &bytes), TERN_ERR_TYPE);
    CHECK_INT(write_status(KIND_REAL, tern_value_real(INFINITY), &bytes), TERN_ERR_RANGE);
    CHECK_INT(write_status(KIND_REAL, tern_value_real(NAN), &bytes), TERN_ERR_RANGE);
    CHECK_INT(write_status(KIND_TEXT, tern_value_text("\xC3"), &bytes), TERN_ERR_NOT_UTF8);
    CHECK_INT(
        write_status(KIND_TEXT, (tern_value){.kind = TERN_TEXT, .data = "a\0b", .size = 3}, &bytes),
        TERN_ERR_FORMAT);
    CHECK_INT(write_status(KIND_REAL, tern_value_integer(3), &bytes), TERN_OK);
    trn_bytes_free(&bytes);
}

static tern_status read_status(size_t column, const char *spelling)
{
    struct trn_line_reader reader;
    struct trn_bytes line = {0};
    tern_value value = {.kind = TERN_INTEGER, .integer = 4711};
    bool any = false;
    tern_status status;

    CHECK_INT(trn_bytes_append_format(&line, "[%s]\n", spelling), TERN_OK);
    trn_line_reader_open(&reader, trn_bytes_slice(&line));
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    status = trn_line_read_value(&reader, &kinds()->columns[column], &value, NULL);
    CHECK((status == TERN_OK) != (value.kind == TERN_INTEGER && value.integer == 4711));
    trn_line_reader_free(&reader);
    trn_bytes_free(&line);
    return status;
}

TEST(a_member_of_another_type_than_its_column_is_refused)
{
    CHECK_INT(read_status(KIND_TEXT, "1"), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_TEXT, "true"), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_INTEGER, "\"1\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_INTEGER, "1.0"), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_BOOL, "1"), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_REAL, "\"1\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_REAL, "1"), TERN_OK);
    CHECK_INT(read_status(KIND_UUID, "\"AAAAAAAAAAAAAAAAAAAAAA\""), TERN_OK);
    CHECK_INT(read_status(KIND_UUID, "\"AAAAAAAAAAAAAAAAAAAAAB\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_UUID, "\"AAAAAAAAAAAAAAAAAAAAA\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_UUID, "\"AAAAAAAAAAAAAAAAAAAAAA==\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_BYTES, "\"A\""), TERN_ERR_TYPE);
    CHECK_INT(read_status(KIND_BYTES, "\"\\/w\""), TERN_OK);
    CHECK_INT(read_status(KIND_BYTES, "\"\""), TERN_OK);
    CHECK_INT(read_status(KIND_JSON, "{}"), TERN_ERR_TOO_DEEP);
}

/* Escaped slashes are where decoding text and then base64 needs most room. */
TEST(bytes_spelled_with_escapes_fit_the_room)
{
    char line[4096] = "[\"";
    struct trn_line_reader reader;
    tern_value value;
    bool any = false;
    size_t size = 2;

    for (unsigned i = 0; i < 1600; i++) {
        memcpy(line + size, i % 4 == 0 ? "\\/" : "A", i % 4 == 0 ? 2 : 1);
        size += i % 4 == 0 ? 2 : 1;
    }
    memcpy(line + size, "\"]\n", 4);
    trn_line_reader_open(&reader, trn_slice_text(line));
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    CHECK_INT(trn_line_read_value(&reader, &kinds()->columns[KIND_BYTES], &value, NULL), TERN_OK);
    CHECK_INT(value.size, 1200);
    for (size_t i = 0; i < 1200; i += 3) {
        CHECK(memcmp((const uint8_t *)value.data + i, "\xFC\0\0", 3) == 0);
    }
    trn_line_reader_free(&reader);
}

TEST(reals_survive_whatever_the_locale_says_of_points)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "fa_IR.UTF-8"};
    static const double reals[] = {0.1,
                                   -1.5,
                                   1e300,
                                   5e-324,
                                   1.7976931348623157e308,
                                   0.30000000000000004,
                                   123456789012345680.0,
                                   1.0 / 3,
                                   2.5e-8};

    for (size_t l = 0; l < sizeof(locales) / sizeof(locales[0]); l++) {
        if (setlocale(LC_ALL, locales[l]) == NULL) {
            continue;
        }
        for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
            struct trn_bytes bytes = {0};
            tern_value value = tern_value_real(reals[i]);
            struct trn_line_writer writer;
            struct trn_line_reader reader;
            struct trn_token tokens[2];
            size_t count = 0;

            trn_line_writer_open(&writer, &bytes);
            trn_line_begin(&writer, 'r');
            trn_line_write_value(&writer, &kinds()->columns[KIND_REAL], &value);
            CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
            CHECK_INT(read_all(&reader, trn_bytes_slice(&bytes), tokens, 2, &count), TERN_OK);
            CHECK_INT(count, 2);
            CHECK((tokens[1].kind == TRN_TOKEN_REAL ? tokens[1].real : (double)tokens[1].integer) ==
                  reals[i]);
            trn_line_reader_free(&reader);
            trn_bytes_free(&bytes);
        }
    }
    CHECK(setlocale(LC_ALL, "C") != NULL);
}

TEST(the_end_line_counts_what_stands_before_it)
{
    struct trn_bytes bytes = {0};
    struct trn_line_writer writer;

    trn_line_writer_open(&writer, &bytes);
    CHECK_INT(trn_line_append(&writer, trn_slice_text("{}\n[1]\n"), NULL), TERN_OK);
    trn_line_begin(&writer, '@');
    trn_line_write_bool(&writer, false);
    trn_line_write_null(&writer);
    CHECK_INT(trn_line_finish(&writer, NULL), TERN_OK);
    CHECK_INT(trn_line_write_last(&writer, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "{}\n[1]\n[\"@\",false,null]\n[\"z\",3]\n");
    trn_bytes_free(&bytes);
}

TEST(typed_reads_name_the_place_and_leave_outputs_alone)
{
    struct trn_line_reader reader;
    tern_error error = {0};
    int64_t integer = 4711;
    bool any = false;

    trn_line_reader_open(&reader, trn_slice_text("[1]\n[1,\"x\",7,2.5]\n"));
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    CHECK_INT(trn_line_read_integer(&reader, &integer, NULL), TERN_OK);
    CHECK_INT(integer, 1);
    CHECK_INT(trn_line_read_integer(&reader, &integer, &error), TERN_ERR_PROTOCOL);
    CHECK(strstr(error.message, "line 2, member 2") != NULL);
    CHECK_INT(integer, 1);
    CHECK_INT(trn_line_read_count(&reader, 0, 6, &integer, NULL), TERN_ERR_PROTOCOL);
    CHECK_INT(trn_line_read_bool(&reader, &any, NULL), TERN_ERR_PROTOCOL);
    CHECK(any);
    CHECK_INT(trn_line_read_integer(&reader, &integer, NULL), TERN_ERR_PROTOCOL);
    CHECK_INT(trn_line_next(&reader, &any, NULL), TERN_OK);
    CHECK(!any);
    trn_line_reader_free(&reader);
}

TEST(when_memory_runs_out_a_line_is_whole_or_absent)
{
    static const uint8_t id[16] = {7};
    tern_value values[KIND_COLUMNS];

    fill(values, id);
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        struct trn_line_writer writer;
        tern_status status;

        trn_line_writer_open(&writer, &bytes);
        write_row(&writer, values);
        status = trn_line_finish(&writer, NULL);
        if (status == TERN_OK) {
            struct trn_line_reader reader;
            struct trn_token tokens[64];
            size_t count = 0;

            status = read_all(&reader, trn_bytes_slice(&bytes), tokens, 64, &count);
            CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && count == 0));
            trn_line_reader_free(&reader);
        } else {
            CHECK(status == TERN_ERR_NOMEM && bytes.size == 0);
        }
        trn_bytes_free(&bytes);
    }
}
