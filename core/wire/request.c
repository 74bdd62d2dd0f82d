/* Requests: parts appended by the device, a body checked and taken apart by the server. */
#include "wire/request.h"

#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/limits.h"

enum { PROTOCOL_VERSION = 1 };

/* ---- Device ---- */

static json_t *make_landmark(const struct trn_landmark *landmark)
{
    json_t *pair = json_array();

    if (json_array_append_new(pair, json_integer((json_int_t)landmark->ordinal)) != 0 ||
        json_array_append_new(pair, trn_envelope_make_id(&landmark->tx)) != 0) {
        json_decref(pair);
        return NULL;
    }
    return pair;
}

/* One array for all of them: envelopes are flat where they can be. */
static json_t *make_windows(const struct trn_request_envelope *envelope)
{
    json_t *array = json_array();

    for (size_t i = 0; i < envelope->window_count; i++) {
        const struct trn_request_window *window = &envelope->windows[i];

        if (json_array_append_new(array, json_integer((json_int_t)window->table)) != 0 ||
            json_array_append_new(array, json_integer(window->column)) != 0 ||
            json_array_append_new(array, json_integer(window->days)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* ---- A cursor that was given under another id ---- */

/* Behind the id, of TRN_ID_WIRE_SIZE characters; no cursor has it. */
static const char id_ends = '.';

static bool names_receiver(struct trn_slice dropped)
{
    return dropped.size > TRN_ID_WIRE_SIZE && dropped.data[TRN_ID_WIRE_SIZE] == (uint8_t)id_ends;
}

tern_status trn_dropped_write(const tern_id *device,
                              struct trn_slice cursor,
                              struct trn_bytes *dropped,
                              tern_error *error)
{
    char text[TRN_ID_WIRE_SIZE + 1];
    tern_status status = TERN_OK;

    if (!names_receiver(cursor)) {
        trn_id_to_wire(device, text);
        text[TRN_ID_WIRE_SIZE] = id_ends;
        status = trn_bytes_append(dropped, text, sizeof text);
    }
    status = status == TERN_OK ? trn_bytes_append_slice(dropped, cursor) : status;
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

struct trn_slice trn_dropped_read(struct trn_slice dropped, tern_id *device)
{
    if (!names_receiver(dropped) ||
        !trn_id_from_wire(trn_slice_make(dropped.data, TRN_ID_WIRE_SIZE), device)) {
        return dropped;
    }
    return trn_slice_make(dropped.data + TRN_ID_WIRE_SIZE + 1, dropped.size - TRN_ID_WIRE_SIZE - 1);
}

/* ---- Envelopes ---- */

static json_t *make_envelope(const struct trn_request_envelope *envelope)
{
    json_t *object = json_object();
    int failed = 0;

    failed |= json_object_set_new(object, "tern", json_integer(PROTOCOL_VERSION));
    failed |= json_object_set_new(object, "schema", json_integer(envelope->schema_version));
    failed |= json_object_set_new(object, "device", trn_envelope_make_id(&envelope->device));
    if (!trn_id_is_nil(&envelope->user)) {
        failed |= json_object_set_new(object, "user", trn_envelope_make_id(&envelope->user));
    }
    failed |= json_object_set_new(object, "sent", json_integer(envelope->sent_us));
    failed |= json_object_set_new(object, "rows", json_integer(envelope->rows));
    if (envelope->cursor.size != 0) {
        const char *cursor = (const char *)envelope->cursor.data;

        failed |=
            json_object_set_new(object, "cursor", json_stringn(cursor, envelope->cursor.size));
    }
    if (envelope->dropped.size != 0) {
        const char *dropped = (const char *)envelope->dropped.data;

        failed |=
            json_object_set_new(object, "dropped", json_stringn(dropped, envelope->dropped.size));
    }
    if (envelope->acked.ordinal != 0) {
        failed |= json_object_set_new(object, "acked", make_landmark(&envelope->acked));
    }
    if (envelope->top.ordinal != 0) {
        failed |= json_object_set_new(object, "top", make_landmark(&envelope->top));
    }
    if (envelope->window_count != 0) {
        failed |= json_object_set_new(object, "window", make_windows(envelope));
    }
    failed |= json_object_set_new(object, "txs", json_integer((json_int_t)envelope->tx_count));
    if (failed != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

tern_status trn_request_write_envelope(struct trn_line_writer *writer,
                                       const struct trn_request_envelope *envelope,
                                       tern_error *error)
{
    json_t *object = make_envelope(envelope);
    tern_status status = trn_envelope_write(writer, object, error);

    json_decref(object);
    return status;
}

tern_status trn_request_write_entry(struct trn_line_writer *writer,
                                    const struct trn_attempt *attempt,
                                    struct trn_slice entry,
                                    tern_error *error)
{
    tern_status status;

    trn_line_begin(writer, '@');
    trn_line_write_integer(writer, attempt->age_us);
    if (attempt->is_reoffer) {
        trn_line_write_integer(writer, attempt->stored_us);
    } else if (attempt->is_inherited) {
        trn_line_write_null(writer);
    }
    if (attempt->is_inherited) {
        trn_line_write_id(writer, &attempt->author);
    }
    status = trn_line_finish(writer, error);
    return status == TERN_OK ? trn_line_append(writer, entry, error) : status;
}

/* ---- Server: the envelope ---- */

static tern_status read_landmark(const json_t *object,
                                 const char *name,
                                 struct trn_landmark *ret_landmark,
                                 tern_error *error)
{
    const json_t *pair = json_object_get(object, name);
    const json_t *ordinal = json_array_get(pair, 0);
    const json_t *tx = json_array_get(pair, 1);
    struct trn_slice text;

    if (pair == NULL) {
        return TERN_OK;
    }
    if (json_array_size(pair) != 2 || json_integer_value(ordinal) < 1 || !json_is_string(tx)) {
        return trn_envelope_fail(name, error);
    }
    text = trn_slice_make(json_string_value(tx), json_string_length(tx));
    if (!trn_id_from_wire(text, &ret_landmark->tx)) {
        return trn_envelope_fail(name, error);
    }
    ret_landmark->ordinal = (uint64_t)json_integer_value(ordinal);
    return TERN_OK;
}

/* One number of the array, or -1. */
static int64_t window_part(const json_t *array, size_t at, int64_t min, int64_t max)
{
    const json_t *part = json_array_get(array, at);
    int64_t number = json_integer_value(part);

    return json_is_integer(part) && number >= min && number <= max ? number : -1;
}

static tern_status
read_windows(struct trn_request_envelope *envelope, const json_t *object, tern_error *error)
{
    const json_t *array = json_object_get(object, "window");
    size_t parts = json_array_size(array);

    if (array == NULL) {
        return TERN_OK;
    }
    if (!json_is_array(array) || parts % 3 != 0 || parts / 3 > TRN_WIRE_WINDOWS_MAX) {
        return trn_envelope_fail("window", error);
    }
    for (size_t at = 0; at < parts; at += 3) {
        int64_t table = window_part(array, at, 0, UINT16_MAX);
        int64_t column = window_part(array, at + 1, 0, UINT16_MAX);
        int64_t days = window_part(array, at + 2, 1, TRN_WIRE_WINDOW_DAYS_MAX);

        if (table < 0 || column < 0 || days < 0) {
            return trn_envelope_fail("window", error);
        }
        envelope->windows[at / 3] =
            (struct trn_request_window){(size_t)table, (uint16_t)column, (uint32_t)days};
    }
    envelope->window_count = parts / 3;
    return TERN_OK;
}

static tern_status read_cursor(const json_t *object,
                               const char *name,
                               struct trn_bytes *room,
                               struct trn_slice *ret_cursor,
                               tern_error *error)
{
    struct trn_slice text;
    tern_status status;

    if (json_object_get(object, name) == NULL) {
        return TERN_OK;
    }
    status = trn_envelope_text(object, name, &text, error);
    if (status != TERN_OK) {
        return status;
    }
    if (text.size == 0) {
        return trn_envelope_fail(name, error);
    }
    if (trn_bytes_append_slice(room, text) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    *ret_cursor = trn_bytes_slice(room);
    return TERN_OK;
}

static tern_status
read_members(struct trn_request_reader *reader, const json_t *object, tern_error *error)
{
    struct trn_request_envelope *envelope = &reader->envelope;
    int64_t protocol = 0;
    int64_t version = 0;
    int64_t rows = 0;
    int64_t txs = 0;
    tern_status status =
        trn_envelope_integer(object, "tern", PROTOCOL_VERSION, PROTOCOL_VERSION, &protocol, error);

    if (status == TERN_OK) {
        status = trn_envelope_integer(object, "schema", 1, UINT32_MAX, &version, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_id(object, "device", &envelope->device, error);
    }
    if (status == TERN_OK && json_object_get(object, "user") != NULL) {
        status = trn_envelope_id(object, "user", &envelope->user, error);
    }
    if (status == TERN_OK) {
        status =
            trn_envelope_integer(object, "sent", INT64_MIN, INT64_MAX, &envelope->sent_us, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_integer(object, "rows", 0, UINT32_MAX, &rows, error);
    }
    if (status == TERN_OK) {
        status = read_cursor(object, "cursor", &reader->cursor, &envelope->cursor, error);
    }
    if (status == TERN_OK) {
        status = read_cursor(object, "dropped", &reader->dropped, &envelope->dropped, error);
    }
    if (status == TERN_OK) {
        status = read_landmark(object, "acked", &envelope->acked, error);
    }
    if (status == TERN_OK) {
        status = read_landmark(object, "top", &envelope->top, error);
    }
    if (status == TERN_OK) {
        status = read_windows(envelope, object, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_integer(object, "txs", 0, UINT32_MAX, &txs, error);
    }
    if (status == TERN_OK && txs > (int64_t)TRN_WIRE_TXS_MAX) {
        status = trn_fail(error,
                          TERN_ERR_TOO_LARGE,
                          "a request of more than %zu transactions",
                          TRN_WIRE_TXS_MAX);
    }
    envelope->schema_version = (uint32_t)version;
    envelope->rows = (uint32_t)rows;
    envelope->tx_count = (size_t)txs;
    return status;
}

static tern_status
read_envelope(struct trn_request_reader *reader, struct trn_slice body, tern_error *error)
{
    struct trn_slice line;
    json_t *object = NULL;
    tern_status status = trn_envelope_line(body, &line, error);

    if (status == TERN_OK) {
        status = trn_envelope_parse(line, "envelope", &object, error);
    }
    if (status == TERN_OK) {
        status = read_members(reader, object, error);
        trn_envelope_pass(&reader->lines, body, line);
    }
    json_decref(object);
    return status;
}

/* ---- Server: entries ---- */

/* Behind the tag '@'. */
static tern_status
read_attempt(struct trn_line_reader *lines, struct trn_attempt *ret_attempt, tern_error *error)
{
    struct trn_attempt attempt = {0};
    tern_status status = trn_line_read_count(lines, 0, INT64_MAX, &attempt.age_us, error);

    if (status == TERN_OK && trn_line_has_more(lines)) {
        struct trn_token token;

        attempt.is_reoffer = !trn_line_is_null(lines);
        status = attempt.is_reoffer ? trn_line_read_integer(lines, &attempt.stored_us, error)
                                    : trn_line_read(lines, &token, error);
    }
    if (status == TERN_OK && trn_line_has_more(lines)) {
        attempt.is_inherited = true;
        status = trn_line_read_id(lines, &attempt.author, error);
    }
    if (status == TERN_OK) {
        status = trn_line_read_end(lines, error);
    }
    if (status == TERN_OK) {
        *ret_attempt = attempt;
    }
    return status;
}

/* Passes over an entry's lines, up to the one that belongs to it no more. */
static tern_status pass_entry(struct trn_line_reader *lines,
                              bool check,
                              struct trn_slice *ret_entry,
                              tern_error *error)
{
    size_t start = lines->at;
    tern_status status;

    do {
        char tag = '\0';
        bool is_first = lines->at == start;
        size_t at = lines->at;
        size_t count = lines->count;

        status = trn_frame_next(lines, &tag, error);
        if (status != TERN_OK) {
            return status;
        }
        if (!is_first && (tag == '@' || tag == 'z')) {
            lines->at = at;
            lines->count = count;
            *ret_entry = trn_slice_make(lines->body.data + start, at - start);
            return TERN_OK;
        }
        if (tag == '\0' || is_first != (tag == 'x') || strchr("xiubdn", tag) == NULL) {
            return trn_frame_fail_order(lines, error);
        }
        if (check) {
            status = trn_line_skip(lines, error);
        }
    } while (status == TERN_OK);
    return status;
}

static tern_status check_entry(struct trn_line_reader *lines, tern_error *error)
{
    struct trn_attempt attempt;
    struct trn_slice bytes;
    struct trn_entry_reader entry = {0};
    tern_status status = read_attempt(lines, &attempt, error);

    if (status == TERN_OK) {
        status = pass_entry(lines, true, &bytes, error);
    }
    if (status == TERN_OK) {
        status = trn_entry_open(&entry, NULL, bytes, error);
    }
    trn_entry_close(&entry);
    return status;
}

/* The framing from behind the envelope to the end. */
static tern_status check_lines(struct trn_line_reader *lines, size_t expected, tern_error *error)
{
    size_t entries = 0;
    tern_status status;
    char tag = '\0';

    for (;;) {
        status = trn_frame_next(lines, &tag, error);
        if (status != TERN_OK) {
            return status;
        }
        if (tag == 'z') {
            break;
        }
        if (tag == '\0') {
            return trn_fail(error, TERN_ERR_PROTOCOL, "the end line is missing");
        }
        if (tag != '@') {
            return trn_frame_fail_order(lines, error);
        }
        if (entries == expected) {
            return trn_envelope_fail("txs", error);
        }
        status = check_entry(lines, error);
        if (status != TERN_OK) {
            return status;
        }
        entries++;
    }
    if (entries != expected) {
        return trn_envelope_fail("txs", error);
    }
    return trn_frame_read_last(lines, error);
}

tern_status
trn_request_open(struct trn_request_reader *reader, struct trn_slice body, tern_error *error)
{
    tern_status status;
    size_t first;

    *reader = (struct trn_request_reader){.entries = 0};
    if (body.size > TRN_WIRE_BODY_BYTES_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "a request of more than 16 MiB");
    }
    status = read_envelope(reader, body, error);
    if (status != TERN_OK) {
        return status;
    }
    first = reader->lines.at;
    status = check_lines(&reader->lines, reader->envelope.tx_count, error);
    reader->lines.at = first;
    reader->lines.count = 1;
    return status;
}

tern_status trn_request_next(struct trn_request_reader *reader,
                             bool *ret_any,
                             struct trn_request_entry *ret_entry,
                             tern_error *error)
{
    struct trn_request_entry entry;
    char tag = '\0';
    tern_status status;

    if (reader->entries == reader->envelope.tx_count) {
        *ret_any = false;
        return TERN_OK;
    }
    status = trn_frame_next(&reader->lines, &tag, error);
    if (status == TERN_OK) {
        status = read_attempt(&reader->lines, &entry.attempt, error);
    }
    if (status == TERN_OK) {
        status = pass_entry(&reader->lines, false, &entry.bytes, error);
    }
    if (status == TERN_OK && !reader->unhashed &&
        trn_sha256(&entry.bytes, 1, entry.hash) != TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "the platform's SHA-256 failed");
    }
    if (status == TERN_OK) {
        reader->entries++;
        *ret_entry = entry;
        *ret_any = true;
    }
    return status;
}

void trn_request_close(struct trn_request_reader *reader)
{
    trn_line_reader_free(&reader->lines);
    trn_bytes_free(&reader->cursor);
    trn_bytes_free(&reader->dropped);
}
