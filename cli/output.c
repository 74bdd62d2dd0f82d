/* Cells become text in one place, so that an id, a control character or a null look the same
 * everywhere. */
#include "cli/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/uuid.h"
#include "model/change.h"

enum { CELL_WIDTH_MAX = 60 };

bool trn_sheet_format_read(const struct trn_call *call, enum trn_sheet_format *ret_format)
{
    static const char *const names[] = {"table", "json", "csv"};
    const char *name = trn_option(call, TRN_OPT_FORMAT);

    if (name == NULL) {
        *ret_format = trn_has(call, TRN_OPT_JSON) ? TRN_SHEET_JSON : TRN_SHEET_TABLE;
        return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_format = (enum trn_sheet_format)i;
            return true;
        }
    }
    (void)trn_usage_error(call, "--format must be table, json or csv");
    return false;
}

static tern_status append_base64(const void *data, size_t size, struct trn_bytes *text)
{
    size_t characters = trn_base64_encoded_size(size);
    tern_status status = trn_bytes_reserve(text, characters);

    if (status == TERN_OK) {
        trn_base64_encode(data, size, (char *)text->data + text->size);
        text->size += characters;
        text->data[text->size] = 0;
    }
    return status;
}

tern_status trn_value_text(tern_value value, struct trn_bytes *text)
{
    char id_text[TRN_ID_TEXT_SIZE + 1];
    tern_id id;

    switch (value.kind) {
    case TERN_INTEGER:
        return trn_bytes_append_format(text, "%" PRId64, value.integer);
    case TERN_REAL:
        return trn_bytes_append_format(text, "%.17g", value.real);
    case TERN_TEXT:
        return trn_bytes_append(text, value.data, value.size);
    case TERN_BLOB:
        if (!trn_value_id(&value, &id)) {
            return append_base64(value.data, value.size, text);
        }
        trn_id_format(&id, id_text);
        return trn_bytes_append_text(text, id_text);
    default:
        return TERN_OK;
    }
}

json_t *trn_value_json(tern_value value)
{
    struct trn_bytes text = {0};
    json_t *json = NULL;

    switch (value.kind) {
    case TERN_INTEGER:
        return json_integer(value.integer);
    case TERN_REAL:
        return json_real(value.real);
    case TERN_NULL:
        return json_null();
    default:
        break;
    }
    if (trn_value_text(value, &text) == TERN_OK) {
        json = json_stringn(trn_bytes_text(&text), text.size);
    }
    trn_bytes_free(&text);
    return json;
}

void trn_time_text(int64_t us, char ret_text[TRN_TIME_BYTES])
{
    int64_t seconds = us / 1000000 - (us % 1000000 < 0);
    time_t moment = (time_t)seconds;
    struct tm parts;
    size_t size = 0;

    if (us != 0 && gmtime_r(&moment, &parts) != NULL) {
        size = strftime(ret_text, TRN_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &parts);
    }
    if (size == 0) {
        (void)snprintf(ret_text, TRN_TIME_BYTES, "-");
        return;
    }
    (void)snprintf(ret_text + size, TRN_TIME_BYTES - size, ".%06dZ", (int)(us - seconds * 1000000));
}

bool trn_print_json(json_t *document)
{
    bool printed = document != NULL && json_dumpf(document, stdout, JSON_INDENT(2)) == 0 &&
                   putchar('\n') != EOF;

    json_decref(document);
    if (!printed) {
        (void)fputs("tern: the output could not be made\n", stderr);
    }
    return printed;
}

/* ---- Tables ---- */

/* Places on a terminal; what cannot be measured counts one a character. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    const char *at = text;
    mbstate_t state = {0};

    while (*at != '\0') {
        wchar_t character;
        size_t size = mbrtowc(&character, at, strlen(at), &state);
        int places;

        if (size == 0 || size > strlen(at)) {
            return width + trn_utf8_count(trn_slice_text(at));
        }
        places = wcwidth(character);
        width += places > 0 ? (size_t)places : 0;
        at += size;
    }
    return width;
}

/* Control characters could steer the terminal; in a table they show as what they are. */
static tern_status append_visible(struct trn_bytes *text, struct trn_slice raw)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < raw.size; i++) {
        uint8_t byte = raw.data[i];

        if (byte == '\n') {
            status = trn_bytes_append_text(text, "\\n");
        } else if (byte < ' ' || byte == 0x7F) {
            status = trn_bytes_append_format(text, "\\x%02x", byte);
        } else {
            status = trn_bytes_append_byte(text, byte);
        }
    }
    return status;
}

static void add_table_row(struct trn_sheet *sheet, const tern_value *values)
{
    json_t *row = json_array();

    for (size_t i = 0; i < sheet->columns && sheet->status == TERN_OK; i++) {
        struct trn_bytes raw = {0};
        struct trn_bytes text = {0};

        sheet->status = trn_value_text(values[i], &raw);
        if (sheet->status == TERN_OK) {
            sheet->status = append_visible(&text, trn_bytes_slice(&raw));
        }
        if (sheet->status == TERN_OK &&
            json_array_append_new(row, json_stringn(trn_bytes_text(&text), text.size)) != 0) {
            sheet->status = TERN_ERR_NOMEM;
        }
        trn_bytes_free(&raw);
        trn_bytes_free(&text);
    }
    if (json_array_append_new(sheet->cells, row) != 0) {
        sheet->status = TERN_ERR_NOMEM;
    }
}

static void print_padded(FILE *file, const char *text, size_t width, bool last)
{
    size_t own = width_of(text);

    (void)fputs(text, file);
    for (; !last && own < width + 2; own++) {
        (void)fputc(' ', file);
    }
}

static void print_line(const struct trn_sheet *sheet, const json_t *row, const size_t *widths)
{
    for (size_t i = 0; i < sheet->columns; i++) {
        print_padded(sheet->file,
                     json_string_value(json_array_get(row, i)),
                     widths[i],
                     i + 1 == sheet->columns);
    }
    (void)fputc('\n', sheet->file);
}

static void widen(const struct trn_sheet *sheet, const json_t *row, size_t *widths)
{
    for (size_t i = 0; i < sheet->columns; i++) {
        size_t width = width_of(json_string_value(json_array_get(row, i)));

        width = width < CELL_WIDTH_MAX ? width : CELL_WIDTH_MAX;
        widths[i] = width > widths[i] ? width : widths[i];
    }
}

static void print_table(struct trn_sheet *sheet)
{
    size_t *widths = calloc(sheet->columns + 1, sizeof(*widths));

    if (widths == NULL) {
        sheet->status = TERN_ERR_NOMEM;
        return;
    }
    widen(sheet, sheet->names, widths);
    for (size_t i = 0; i < json_array_size(sheet->cells); i++) {
        widen(sheet, json_array_get(sheet->cells, i), widths);
    }
    print_line(sheet, sheet->names, widths);
    for (size_t i = 0; i < sheet->columns; i++) {
        for (size_t place = 0; place < widths[i]; place++) {
            (void)fputc('-', sheet->file);
        }
        (void)fputs(i + 1 < sheet->columns ? "  " : "\n", sheet->file);
    }
    for (size_t i = 0; i < json_array_size(sheet->cells); i++) {
        print_line(sheet, json_array_get(sheet->cells, i), widths);
    }
    free(widths);
}

/* ---- JSON and CSV, row by row ---- */

/* A text that is no JSON after all stays a text. */
static json_t *cell_json(const struct trn_sheet *sheet, size_t column, tern_value value)
{
    json_t *document = (sheet->documents >> column & 1) != 0 && value.kind == TERN_TEXT
                           ? json_loadb(value.data, value.size, JSON_DECODE_ANY, NULL)
                           : NULL;

    return document != NULL ? document : trn_value_json(value);
}

static void print_json_row(struct trn_sheet *sheet, const tern_value *values)
{
    json_t *row = json_object();

    for (size_t i = 0; i < sheet->columns && sheet->status == TERN_OK; i++) {
        const char *name = json_string_value(json_array_get(sheet->names, i));

        if (json_object_set_new(row, name, cell_json(sheet, i, values[i])) != 0) {
            sheet->status = TERN_ERR_NOMEM;
        }
    }
    if (sheet->status == TERN_OK) {
        (void)fputs(sheet->rows == 0 ? "[\n" : ",\n", sheet->file);
        (void)json_dumpf(row, sheet->file, 0);
    }
    json_decref(row);
}

static void print_csv_cell(FILE *file, const char *text, size_t size, bool quoted)
{
    quoted |= memchr(text, ',', size) != NULL || memchr(text, '"', size) != NULL ||
              memchr(text, '\n', size) != NULL || memchr(text, '\r', size) != NULL;
    if (!quoted) {
        (void)fwrite(text, 1, size, file);
        return;
    }
    (void)fputc('"', file);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') {
            (void)fputc('"', file);
        }
        (void)fputc(text[i], file);
    }
    (void)fputc('"', file);
}

/* Null is an empty field, the empty text a quoted one. */
static void print_csv_row(struct trn_sheet *sheet, const tern_value *values)
{
    for (size_t i = 0; i < sheet->columns && sheet->status == TERN_OK; i++) {
        struct trn_bytes text = {0};

        sheet->status = trn_value_text(values[i], &text);
        if (i > 0) {
            (void)fputc(',', sheet->file);
        }
        print_csv_cell(sheet->file,
                       trn_bytes_text(&text),
                       text.size,
                       values[i].kind == TERN_TEXT && values[i].size == 0);
        trn_bytes_free(&text);
    }
    (void)fputc('\n', sheet->file);
}

static void print_csv_names(const struct trn_sheet *sheet)
{
    for (size_t i = 0; i < sheet->columns; i++) {
        const char *name = json_string_value(json_array_get(sheet->names, i));

        if (i > 0) {
            (void)fputc(',', sheet->file);
        }
        print_csv_cell(sheet->file, name, strlen(name), false);
    }
    (void)fputc('\n', sheet->file);
}

void trn_sheet_begin(struct trn_sheet *sheet,
                     enum trn_sheet_format format,
                     FILE *file,
                     const char *const *names,
                     size_t columns)
{
    *sheet = (struct trn_sheet){.format = format, .file = file, .columns = columns};
    sheet->names = json_array();
    sheet->cells = json_array();
    for (size_t i = 0; i < columns; i++) {
        if (json_array_append_new(sheet->names, json_string(names[i])) != 0) {
            sheet->status = TERN_ERR_NOMEM;
            return;
        }
    }
    if (format == TRN_SHEET_CSV) {
        print_csv_names(sheet);
    }
}

void trn_sheet_row(struct trn_sheet *sheet, const tern_value *values)
{
    if (sheet->status != TERN_OK) {
        return;
    }
    if (sheet->format == TRN_SHEET_TABLE) {
        add_table_row(sheet, values);
    } else if (sheet->format == TRN_SHEET_JSON) {
        print_json_row(sheet, values);
    } else {
        print_csv_row(sheet, values);
    }
    sheet->rows++;
}

tern_status trn_sheet_end(struct trn_sheet *sheet)
{
    if (sheet->format == TRN_SHEET_TABLE && sheet->status == TERN_OK && sheet->columns > 0) {
        print_table(sheet);
    } else if (sheet->format == TRN_SHEET_JSON) {
        (void)fputs(sheet->rows == 0 ? "[]\n" : "\n]\n", sheet->file);
    }
    json_decref(sheet->names);
    json_decref(sheet->cells);
    if (sheet->status == TERN_OK && fflush(sheet->file) != 0) {
        sheet->status = TERN_ERR_IO;
    }
    return sheet->status;
}
