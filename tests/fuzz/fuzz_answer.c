/* Answers: what is read whole can be written again, and says the same then; a check passes just
 * what a reader can read. */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/model/tables.h"
#include "wire/answer.h"

enum { VERSION = 2 };

static tern_status write_item(struct trn_answer_writer *writer,
                              const struct trn_answer_item *item,
                              struct trn_row *row)
{
    switch (item->kind) {
    case TRN_ANSWER_VERDICT:
        return trn_answer_write_verdict(writer, &item->verdict, NULL);
    case TRN_ANSWER_GONE:
        return trn_answer_write_gone(writer, &item->scope, NULL);
    case TRN_ANSWER_SCOPE:
        return trn_answer_begin_scope(writer, &item->scope, item->fresh, NULL);
    case TRN_ANSWER_TX:
        return trn_answer_write_tx(writer, &item->tx, NULL);
    case TRN_ANSWER_ROW:
        return trn_answer_write_row(writer, item->table, row, NULL);
    case TRN_ANSWER_COMPLETE:
        return trn_answer_end_scope(writer, &item->scope, NULL);
    case TRN_ANSWER_END:
        break;
    }
    return TERN_OK;
}

/* Reads all items, and writes them where `writer` is given. */
static tern_status copy_items(struct trn_answer_reader *reader, struct trn_answer_writer *writer)
{
    struct trn_answer_item item = {.kind = TRN_ANSWER_TX};
    struct trn_row row;
    tern_status status = TERN_OK;

    while (status == TERN_OK && item.kind != TRN_ANSWER_END) {
        status = trn_answer_next(reader, &item, &row, NULL);
        if (status == TERN_OK && writer != NULL) {
            fuzz_expect(write_item(writer, &item, &row) == TERN_OK, "what was read can be written");
        }
    }
    return status;
}

/* The answer again, as the writer spells it; false where it cannot be read. */
static bool rewrite(struct trn_slice text, struct trn_bytes *bytes)
{
    struct trn_answer_reader reader;
    struct trn_answer_writer writer;
    bool good = false;

    trn_answer_writer_open(&writer, tables_schema(), VERSION, bytes);
    if (trn_answer_open(&reader, tables_schema(), text, NULL) == TERN_OK) {
        good = trn_answer_check(&reader, NULL) == TERN_OK;
        fuzz_expect(!good || trn_answer_write_envelope(&writer, &reader.envelope, NULL) == TERN_OK,
                    "an envelope can be written again");
        fuzz_expect((copy_items(&reader, good ? &writer : NULL) == TERN_OK) == good,
                    "a check passes just what can be read");
        fuzz_expect(!good || trn_line_write_last(&writer.lines, NULL) == TERN_OK,
                    "an answer can be ended");
    }
    trn_answer_close(&reader);
    return good;
}

static void fuzz_whole(struct trn_slice text)
{
    struct trn_bytes once = {0};
    struct trn_bytes twice = {0};

    if (rewrite(text, &once)) {
        fuzz_expect(rewrite(trn_bytes_slice(&once), &twice), "what was written can be read");
        fuzz_expect(fuzz_equal(&once, &twice), "an answer written again says the same");
    }
    trn_bytes_free(&once);
    trn_bytes_free(&twice);
}

/* The device reads its staged pieces without an envelope. */
static void fuzz_piece(struct trn_slice text)
{
    struct trn_answer_reader reader;

    trn_answer_open_piece(&reader, tables_schema(), text);
    (void)copy_items(&reader, NULL);
    trn_answer_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_whole(trn_slice_make(data, size));
    fuzz_piece(trn_slice_make(data, size));
    return 0;
}
