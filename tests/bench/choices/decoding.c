/* Choices for decoding and applying downloaded rows, against a prepared upsert of values that lie
 * in memory.
 *
 * 10k rows in one transaction on WAL and FULL, triggers off; a decoding variant starts at the
 * gzipped page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/dose.h"
#include "tests/bench/choices/reader.h"

enum { ROWS = 10000 };
enum id_form { BASE22, HEX32, UUID36, FORMS };

static const char *const ALL_COLUMNS =
    " prescription_id=excluded.prescription_id, medication_id=excluded.medication_id, "
    "patient_id=excluded.patient_id,"
    " scheduled_time=excluded.scheduled_time, local_date=excluded.local_date, slot=excluded.slot,"
    " time_period=excluded.time_period, reminder_time=excluded.reminder_time, "
    "grace_minutes=excluded.grace_minutes,"
    " status=excluded.status, taken_at=excluded.taken_at, skip_reason=excluded.skip_reason,"
    " was_offline=excluded.was_offline, flags=excluded.flags, created_at=excluded.created_at";
static const char *const UPDATE_ALL =
    "UPDATE dose_events SET prescription_id=?2, medication_id=?3, patient_id=?4, "
    "scheduled_time=?5, local_date=?6,"
    " slot=?7, time_period=?8, reminder_time=?9, grace_minutes=?10, status=?11, taken_at=?12, "
    "skip_reason=?13,"
    " was_offline=?14, flags=?15, created_at=?16 WHERE id=?1";

enum variant {
    MEMORY_UPSERT,
    JANSSON_UPSERT,
    TOKENS_UPSERT,
    TOKENS_HEX,
    TOKENS_UUID,
    MEMORY_UPDATE_INSERT,
    MEMORY_DELETE_INSERT,
    MEMORY_REPLACE,
    MEMORY_READ_WRITE,
    TOKENS_READ_WRITE,
    TOKENS_INSERT_FIRST,
    VARIANTS
};
static const char *const NAMES[VARIANTS] = {
    "C0 memory -> ON CONFLICT DO UPDATE",
    "C1 gunzip, jansson a line, upsert",
    "C2 gunzip, tokens in place, upsert",
    "C2h same, ids as 32 hex",
    "C2u same, ids as 36 text",
    "C3 memory -> UPDATE, else INSERT",
    "C4 memory -> DELETE, INSERT",
    "C5 memory -> REPLACE",
    "C6 memory -> SELECT, then INSERT or UPDATE unit",
    "C7 gunzip, tokens, SELECT, INSERT or UPDATE unit",
    "C8 gunzip, tokens, INSERT DO NOTHING, else C7",
};

struct page {
    const struct dose *doses;
    struct buffer plain[FORMS];
    struct buffer packed[FORMS];
    int existing;
};

struct writer {
    sqlite3 *db;
    sqlite3_stmt *upsert, *fresh, *insert, *update, *erase, *replace, *select, *outcome;
};

static struct writer writer_open(const char *path)
{
    struct writer writer = {0};
    char *ddl = dose_ddl("DEFAULT 0", "DEFAULT 0");
    char *sql = sqlite3_mprintf("%s ON CONFLICT(id) DO UPDATE SET%s", DOSE_INSERT, ALL_COLUMNS);

    db_remove(path);
    writer.db = db_open(path);
    db_exec(writer.db, ddl);
    db_exec(writer.db, DOSE_INDEXES);
    writer.upsert = db_prepare(writer.db, sql);
    writer.insert = db_prepare(writer.db, DOSE_INSERT);
    writer.update = db_prepare(writer.db, UPDATE_ALL);
    writer.erase = db_prepare(writer.db, "DELETE FROM dose_events WHERE id = ?");
    sqlite3_free(sql);
    sql = sqlite3_mprintf("REPLACE %s", DOSE_INSERT + strlen("INSERT "));
    writer.replace = db_prepare(writer.db, sql);
    sqlite3_free(sql);
    sql = sqlite3_mprintf("%s ON CONFLICT(id) DO NOTHING", DOSE_INSERT);
    writer.fresh = db_prepare(writer.db, sql);
    writer.select = db_prepare(writer.db, "SELECT rowid, * FROM dose_events WHERE id = ?");
    writer.outcome = db_prepare(writer.db,
                                "UPDATE dose_events SET status=?1, taken_at=?2, skip_reason=?3,"
                                " was_offline=?4, flags=?5 WHERE rowid=?6");
    sqlite3_free(sql);
    sqlite3_free(ddl);
    return writer;
}

static void bind_json(sqlite3_stmt *stmt, int index, json_t *value, int is_id)
{
    unsigned char id[16];

    if (is_id) {
        decode_base64((const unsigned char *)json_string_value(value),
                      json_string_length(value),
                      id);
        sqlite3_bind_blob(stmt, index, id, sizeof(id), SQLITE_TRANSIENT);
    } else if (json_is_integer(value)) {
        sqlite3_bind_int64(stmt, index, json_integer_value(value));
    } else if (json_is_string(value)) {
        sqlite3_bind_text(stmt,
                          index,
                          json_string_value(value),
                          (int)json_string_length(value),
                          SQLITE_STATIC);
    } else {
        sqlite3_bind_null(stmt, index);
    }
}

static void line_jansson(struct writer *writer, const unsigned char *line, size_t size)
{
    json_t *row = json_loadb((const char *)line, size, 0, NULL);
    size_t i;

    bench_check(row != NULL, "json", NULL);
    for (i = 0; i < json_array_size(row); i++) {
        bind_json(writer->upsert, (int)i + 1, json_array_get(row, i), i < 4);
    }
    db_run(writer->upsert);
    json_decref(row);
}

static void bind_token(sqlite3_stmt *stmt, int index, const struct token *token)
{
    if (token->kind == TOKEN_INT) {
        sqlite3_bind_int64(stmt, index, token->integer);
    } else if (token->kind == TOKEN_STRING) {
        sqlite3_bind_text(stmt, index, (const char *)token->text, (int)token->size, SQLITE_STATIC);
    } else if (token->kind == TOKEN_REAL) {
        sqlite3_bind_double(stmt, index, token->real);
    } else {
        sqlite3_bind_null(stmt, index);
    }
}

static int decode_id(struct token *token, unsigned char id[16], enum id_form form)
{
    int ok = form == BASE22 ? decode_base64(token->text, token->size, id)
                            : decode_hex(token->text, token->size, id);

    token->text = id;
    token->size = 16;
    return ok;
}

static size_t read_line(unsigned char *line,
                        size_t size,
                        struct token tokens[DOSE_COLUMNS],
                        unsigned char ids[4][16],
                        enum id_form form)
{
    struct reader reader = {line, line + size};
    size_t i;

    for (i = 0; i < DOSE_COLUMNS; i++) {
        tokens[i] = reader_next(&reader);
        bench_check(tokens[i].kind != TOKEN_END && tokens[i].kind != TOKEN_BAD, "token", NULL);
        if (i < 4) {
            bench_check(decode_id(&tokens[i], ids[i], form), "id", NULL);
        }
    }
    return i;
}

static void bind_tokens(sqlite3_stmt *stmt, const struct token *tokens)
{
    int i;

    for (i = 0; i < DOSE_COLUMNS; i++) {
        if (i < 4) {
            sqlite3_bind_blob(stmt, i + 1, tokens[i].text, 16, SQLITE_STATIC);
        } else {
            bind_token(stmt, i + 1, &tokens[i]);
        }
    }
}

static int same_column(sqlite3_stmt *stmt, int column, const struct token *token)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return token->kind == TOKEN_INT && token->integer == sqlite3_column_int64(stmt, column);
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        return token->kind == TOKEN_STRING &&
               (size_t)sqlite3_column_bytes(stmt, column) == token->size &&
               memcmp(sqlite3_column_blob(stmt, column), token->text, token->size) == 0;
    default:
        return token->kind == TOKEN_NULL;
    }
}

/* Reads the row, as merging must, and writes only the unit that differs. */
static void apply_tokens(struct writer *writer, const struct token *tokens)
{
    int64_t rowid;
    int i;

    sqlite3_bind_blob(writer->select, 1, tokens[0].text, 16, SQLITE_STATIC);
    if (sqlite3_step(writer->select) != SQLITE_ROW) {
        sqlite3_reset(writer->select);
        bind_tokens(writer->insert, tokens);
        db_run(writer->insert);
        return;
    }
    rowid = sqlite3_column_int64(writer->select, 0);
    for (i = 1; i < DOSE_COLUMNS && same_column(writer->select, i + 1, &tokens[i]); i++) {
    }
    sqlite3_reset(writer->select);
    if (i < DOSE_OUTCOME_FIRST) {
        bind_tokens(writer->update, tokens);
        db_run(writer->update);
    } else if (i < DOSE_OUTCOME_FIRST + DOSE_OUTCOME_COUNT) {
        for (i = 0; i < DOSE_OUTCOME_COUNT; i++) {
            bind_token(writer->outcome, i + 1, &tokens[DOSE_OUTCOME_FIRST + i]);
        }
        sqlite3_bind_int64(writer->outcome, 6, rowid);
        db_run(writer->outcome);
    }
}

static void token_text(struct token *token, const char *text)
{
    token->kind = text == NULL ? TOKEN_NULL : TOKEN_STRING;
    token->text = (unsigned char *)(uintptr_t)text;
    token->size = text == NULL ? 0 : strlen(text);
}

static void token_int(struct token *token, int64_t value)
{
    token->kind = TOKEN_INT;
    token->integer = value;
}

static void dose_tokens(const struct dose *dose, struct token tokens[DOSE_COLUMNS])
{
    const unsigned char *ids[4] = {dose->id,
                                   dose->prescription_id,
                                   dose->medication_id,
                                   dose->patient_id};
    int i;

    for (i = 0; i < 4; i++) {
        tokens[i].kind = TOKEN_STRING;
        tokens[i].text = (unsigned char *)(uintptr_t)ids[i];
        tokens[i].size = 16;
    }
    token_int(&tokens[4], dose->scheduled_time);
    token_text(&tokens[5], dose->local_date);
    token_text(&tokens[6], dose->slot);
    token_text(&tokens[7], dose->time_period);
    token_text(&tokens[8], dose->reminder_time);
    token_int(&tokens[9], dose->grace_minutes);
    token_text(&tokens[10], dose->status);
    token_int(&tokens[11], dose->taken_at);
    tokens[11].kind = dose->taken_at == 0 ? TOKEN_NULL : TOKEN_INT;
    token_text(&tokens[12], dose->skip_reason);
    token_int(&tokens[13], dose->was_offline);
    token_text(&tokens[14], dose->flags);
    token_int(&tokens[15], dose->created_at);
}

static void write_memory(struct writer *writer, const struct dose *dose, enum variant variant)
{
    struct token tokens[DOSE_COLUMNS];

    switch (variant) {
    case MEMORY_UPDATE_INSERT:
        dose_bind(writer->update, dose);
        db_run(writer->update);
        if (sqlite3_changes(writer->db) == 0) {
            dose_bind(writer->insert, dose);
            db_run(writer->insert);
        }
        break;
    case MEMORY_DELETE_INSERT:
        sqlite3_bind_blob(writer->erase, 1, dose->id, DOSE_ID_BYTES, SQLITE_STATIC);
        db_run(writer->erase);
        dose_bind(writer->insert, dose);
        db_run(writer->insert);
        break;
    case MEMORY_REPLACE:
        dose_bind(writer->replace, dose);
        db_run(writer->replace);
        break;
    case MEMORY_READ_WRITE:
        dose_tokens(dose, tokens);
        apply_tokens(writer, tokens);
        break;
    default:
        dose_bind(writer->upsert, dose);
        db_run(writer->upsert);
        break;
    }
}

static void write_page(struct writer *writer, const struct page *page, enum variant variant)
{
    enum id_form form = variant == TOKENS_HEX ? HEX32 : variant == TOKENS_UUID ? UUID36 : BASE22;
    struct token tokens[DOSE_COLUMNS];
    unsigned char ids[4][16];
    struct buffer plain = {0};
    size_t at = 0;

    buffer_gunzip(page->packed[form].data, page->packed[form].size, &plain);
    while (at < plain.size) {
        unsigned char *line = plain.data + at;
        unsigned char *stop = memchr(line, '\n', plain.size - at);

        if (variant == JANSSON_UPSERT) {
            line_jansson(writer, line, (size_t)(stop - line));
        } else {
            read_line(line, (size_t)(stop - line), tokens, ids, form);
            if (variant == TOKENS_INSERT_FIRST) {
                bind_tokens(writer->fresh, tokens);
                db_run(writer->fresh);
            }
            if (variant == TOKENS_INSERT_FIRST && sqlite3_changes(writer->db) > 0) {
                at = (size_t)(stop - plain.data) + 1;
                continue;
            }
            if (variant == TOKENS_READ_WRITE || variant == TOKENS_INSERT_FIRST) {
                apply_tokens(writer, tokens);
            } else {
                bind_tokens(writer->upsert, tokens);
                db_run(writer->upsert);
            }
        }
        at = (size_t)(stop - plain.data) + 1;
    }
    buffer_free(&plain);
}

static int is_memory(enum variant variant)
{
    return variant == MEMORY_UPSERT ||
           (variant >= MEMORY_UPDATE_INSERT && variant <= MEMORY_READ_WRITE);
}

static struct bench_time run(size_t variant, void *context)
{
    const struct page *page = context;
    const char *path = db_path("decoding");
    struct writer writer = writer_open(path);
    struct bench_time time;
    size_t i;

    if (page->existing) {
        db_exec(writer.db, "BEGIN");
        for (i = 0; i < ROWS; i++) {
            struct dose dose = page->doses[i];

            dose.status = "DUE";
            dose.taken_at = 0;
            write_memory(&writer, &dose, MEMORY_UPSERT);
        }
        db_exec(writer.db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);");
    }
    time = bench_start();
    db_exec(writer.db, "BEGIN IMMEDIATE");
    if (is_memory((enum variant)variant)) {
        for (i = 0; i < ROWS; i++) {
            write_memory(&writer, &page->doses[i], (enum variant)variant);
        }
    } else {
        write_page(&writer, page, (enum variant)variant);
    }
    db_exec(writer.db, "COMMIT");
    time = bench_stop(time);
    db_close(writer.db, path);
    return time;
}

/* The same page with each id of 22 base64 characters written as `form`. */
static void reform_ids(const struct buffer *plain, enum id_form form, struct buffer *ret_plain)
{
    static const char hex[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < plain->size; i++) {
        unsigned char id[16];
        size_t j;

        if (plain->data[i] != '"' || i + 23 >= plain->size || plain->data[i + 23] != '"' ||
            !decode_base64(plain->data + i + 1, 22, id)) {
            buffer_put(ret_plain, plain->data + i, 1);
            continue;
        }
        buffer_put(ret_plain, "\"", 1);
        for (j = 0; j < 16; j++) {
            if (form == UUID36 && (j == 4 || j == 6 || j == 8 || j == 10)) {
                buffer_put(ret_plain, "-", 1);
            }
            buffer_put(ret_plain, &hex[id[j] >> 4], 1);
            buffer_put(ret_plain, &hex[id[j] & 15], 1);
        }
        buffer_put(ret_plain, "\"", 1);
        i += 23;
    }
}

static void page_make(struct page *page, const struct dose *doses)
{
    size_t i;
    int form;

    page->doses = doses;
    for (i = 0; i < ROWS; i++) {
        dose_encode(&page->plain[BASE22], &doses[i]);
    }
    for (form = HEX32; form < FORMS; form++) {
        reform_ids(&page->plain[BASE22], (enum id_form)form, &page->plain[form]);
    }
    for (form = 0; form < FORMS; form++) {
        buffer_gzip(page->plain[form].data, page->plain[form].size, 6, &page->packed[form]);
    }
}

static void print_sizes(const struct page *page)
{
    static const char *const names[FORMS] = {"22 base64", "32 hex", "36 text"};
    int form;

    printf("\nids in the page: bytes a row plain, gzip 6\n");
    for (form = 0; form < FORMS; form++) {
        printf("  %-20s %8.1f %8.1f\n",
               names[form],
               (double)page->plain[form].size / ROWS,
               (double)page->packed[form].size / ROWS);
    }
}

static void parse_only(const struct page *page)
{
    struct token tokens[DOSE_COLUMNS];
    unsigned char ids[4][16];
    struct buffer copy = {0};
    struct bench_time time;
    int form;
    size_t at;

    printf("\nreading alone, us a row (no SQLite)\n");
    time = bench_start();
    buffer_gunzip(page->packed[0].data, page->packed[0].size, &copy);
    printf("  %-30s %8.3f\n", "gunzip", bench_stop(time).wall_s / ROWS * 1e6);
    time = bench_start();
    for (at = 0; at < copy.size;) {
        unsigned char *stop = memchr(copy.data + at, '\n', copy.size - at);
        json_t *row = json_loadb((char *)copy.data + at, (size_t)(stop - copy.data) - at, 0, NULL);

        json_decref(row);
        at = (size_t)(stop - copy.data) + 1;
    }
    printf("  %-30s %8.3f\n", "jansson", bench_stop(time).wall_s / ROWS * 1e6);
    for (form = 0; form < FORMS; form++) {
        copy.size = 0;
        buffer_put(&copy, page->plain[form].data, page->plain[form].size);
        time = bench_start();
        for (at = 0; at < copy.size;) {
            unsigned char *stop = memchr(copy.data + at, '\n', copy.size - at);

            read_line(copy.data + at,
                      (size_t)(stop - copy.data) - at,
                      tokens,
                      ids,
                      (enum id_form)form);
            at = (size_t)(stop - copy.data) + 1;
        }
        printf("  tokens, id form %-14d %8.3f\n", form, bench_stop(time).wall_s / ROWS * 1e6);
    }
    buffer_free(&copy);
}

int main(void)
{
    static struct bench_table table;
    static struct page page;
    struct dose *doses = doses_make(ROWS, KEY_V7, 1);
    size_t i;

    for (i = 0; i < ROWS; i++) {
        doses[i].status = "TAKEN_ON_TIME";
        doses[i].taken_at = doses[i].scheduled_time + (int64_t)(i * 7919 % 1800) * 1000000;
    }
    page_make(&page, doses);
    print_sizes(&page);
    parse_only(&page);
    table.variants = VARIANTS;
    memcpy(table.names, NAMES, sizeof(NAMES));
    bench_compare(&table, run, &page);
    bench_print(&table, "10k downloaded rows into an empty table", ROWS);
    page.existing = 1;
    bench_compare(&table, run, &page);
    bench_print(&table, "10k downloaded rows on the same rows, outcome unit changed", ROWS);
    free(doses);
    return 0;
}
