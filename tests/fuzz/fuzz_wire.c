/* What comes from the other side, as bytes of a fuzzer's choice: the first one picks the reader.
 * Nothing may crash, read beyond its input, or take what jansson refuses. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include <jansson.h>

#include "tests/unit/model/tables.h"
#include "wire/answer.h"
#include "wire/gzip.h"
#include "wire/problem.h"
#include "wire/request.h"

/* A line that is read whole must be JSON, and of as many members. */
static void fuzz_line(struct trn_slice text)
{
    struct trn_line_reader reader;
    struct trn_token token;
    bool any = false;
    size_t count = 0;
    tern_status status;

    trn_line_reader_open(&reader, text);
    status = trn_line_next(&reader, &any, NULL);
    while (status == TERN_OK && any && trn_line_has_more(&reader)) {
        status = trn_line_read(&reader, &token, NULL);
        count++;
    }
    if (status == TERN_OK && any && trn_line_read_end(&reader, NULL) == TERN_OK) {
        struct trn_slice line = trn_line_bytes(&reader);
        json_t *json = json_loadb((const char *)line.data, line.size, 0, NULL);

        if (!json_is_array(json) || json_array_size(json) != count) {
            abort();
        }
        json_decref(json);
    }
    trn_line_reader_free(&reader);
}

static void fuzz_request(struct trn_slice text)
{
    struct trn_request_reader reader;
    struct trn_request_entry entry;
    bool any = true;
    tern_status status = trn_request_open(&reader, text, NULL);

    while (status == TERN_OK && any) {
        status = trn_request_next(&reader, &any, &entry, NULL);
        if (status != TERN_OK) {
            abort(); /* its framing had been found right */
        }
    }
    trn_request_close(&reader);
}

static void fuzz_entry(struct trn_slice text)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, tables_schema(), text, NULL);

    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, NULL);
    }
    trn_entry_close(&reader);
}

static void read_items(struct trn_answer_reader *reader)
{
    struct trn_answer_item item = {.kind = TRN_ANSWER_TX};
    struct trn_row row;

    while (item.kind != TRN_ANSWER_END && trn_answer_next(reader, &item, &row, NULL) == TERN_OK) {
    }
}

static void fuzz_answer(struct trn_slice text)
{
    struct trn_answer_reader reader;

    if (trn_answer_open(&reader, tables_schema(), text, NULL) == TERN_OK) {
        read_items(&reader);
    }
    trn_answer_close(&reader);
    trn_answer_open_piece(&reader, tables_schema(), text);
    read_items(&reader);
    trn_answer_close(&reader);
}

static void fuzz_gzip(struct trn_slice text)
{
    struct trn_bytes plain = {0};

    if (trn_gunzip(text, 65536, &plain, NULL) == TERN_OK && plain.size > 65536) {
        abort();
    }
    trn_bytes_free(&plain);
}

static void fuzz_problem(struct trn_slice text)
{
    struct trn_problem_document document = {0};

    if (trn_problem_read(text, &document, NULL) == TERN_OK) {
        trn_problem_free(&document);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct trn_slice text) =
        {fuzz_line, fuzz_request, fuzz_entry, fuzz_answer, fuzz_gzip, fuzz_problem};

    if (size != 0) {
        readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](
            trn_slice_make(data + 1, size - 1));
    }
    return 0;
}
