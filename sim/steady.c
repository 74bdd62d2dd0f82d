/* A copy under way begins from the start, and is let go on: it does not count as a step back. */
#include "sim/steady.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "model/clock.h"
#include "server/cursor.h"
#include "sim/replica.h"
#include "sim/statements.h"

/* The one row that answers, to be reset; NULL where there is none. */
static tern_statement *ask(struct sim_device *device, const char *sql)
{
    tern_statement *statement = sim_statement_of(device, sql);
    bool row = false;

    return statement != NULL && tern_statement_step(statement, &row, NULL) == TERN_OK && row
               ? statement
               : NULL;
}

/* ---- The cursor ---- */

static void compare_position(struct sim_device *device,
                             const struct trn_position *before,
                             const struct trn_position *now)
{
    char scope[2 * sizeof before->scope.bytes + 1];

    if (now == NULL || !before->begun || !now->begun || now->fresh ||
        before->version != now->version || now->place.number >= before->place.number) {
        return;
    }
    trn_hex_encode(before->scope.bytes, sizeof before->scope.bytes, scope);
    sim_fail(device->world,
             "monotone cursors",
             "%s stood at number %lld of record %s, and stands at %lld",
             device->name,
             (long long)before->place.number,
             scope,
             (long long)now->place.number);
}

static void compare_cursors(struct sim_device *device,
                            const struct trn_cursor *before,
                            const struct trn_cursor *now)
{
    if (!before->same_epoch || !now->same_epoch) {
        return;
    }
    compare_position(device, &before->own, &now->own);
    for (size_t i = 0; i < before->count; i++) {
        compare_position(device,
                         &before->others[i],
                         trn_cursor_find(now, &before->others[i].scope));
    }
}

static void keep(struct sim_device *device, struct trn_slice text, const tern_id *id)
{
    trn_bytes_clear(&device->cursor);
    device->cursor_device = *id;
    if (trn_bytes_append_slice(&device->cursor, text) != TERN_OK) {
        abort();
    }
}

static void look(struct sim_device *device,
                 const struct trn_db_meta *meta,
                 struct trn_slice text,
                 const tern_id *id)
{
    const tern_id *user = &device->world->users[device->user].id;
    struct trn_cursor before = {0};
    struct trn_cursor now = {0};

    if (device->cursor.size > 0 && trn_id_equal(id, &device->cursor_device) &&
        trn_cursor_open(trn_bytes_slice(&device->cursor), meta, user, id, &before, NULL) ==
            TERN_OK &&
        trn_cursor_open(text, meta, user, id, &now, NULL) == TERN_OK) {
        compare_cursors(device, &before, &now);
    }
    trn_cursor_free(&before);
    trn_cursor_free(&now);
    keep(device, text, id);
}

static bool is_new(const struct sim_device *device, tern_statement *statement)
{
    tern_value text = tern_statement_value(statement, 0);

    return !trn_slice_equal(trn_slice_make(text.data, text.size), trn_bytes_slice(&device->cursor));
}

void sim_steady_cursor(struct sim_device *device)
{
    struct sim_world *world = device->world;
    struct trn_db_view *view = NULL;
    struct trn_db_meta meta;
    tern_statement *statement;

    if (device->replica == NULL || world->db == NULL || sim_disk_is_dead(device->disk)) {
        return;
    }
    sim_disk_pause(world->disk, true);
    statement = ask(device, "SELECT value, device FROM tern_cursor, tern_meta");
    if (statement != NULL && is_new(device, statement) &&
        world->db->ops->snapshot_open(world->db, &view, NULL) == TERN_OK) {
        tern_value text = tern_statement_value(statement, 0);
        tern_value id = tern_statement_value(statement, 1);
        const char *proof = text.size > 0 ? memchr(text.data, 0xFF, text.size) : NULL;
        size_t size = proof != NULL ? (size_t)(proof - (const char *)text.data) : text.size;

        if (world->db->ops->meta_read(view, &meta, NULL) == TERN_OK && size > 0 &&
            id.size == sizeof(tern_id)) {
            look(device, &meta, trn_slice_make(text.data, size), id.data);
        }
        world->db->ops->snapshot_close(world->db, view);
    }
    tern_statement_reset(statement);
    sim_disk_pause(world->disk, false);
}

/* ---- Its clock ---- */

static int64_t find_ahead(struct sim_device *device)
{
    return device->clock_off_us + sim_device_status(device).server_offset_us;
}

void sim_steady_trip(struct sim_device *device, const struct sim_trip *trip)
{
    device->trip = *trip;
    device->trip.ahead_us = find_ahead(device);
}

void sim_steady_clock(struct sim_device *device)
{
    const struct sim_trip *trip = &device->trip;
    int64_t least_us = trip->served_us - trip->read_us;
    int64_t most_us = trip->served_us - trip->sent_us;
    int64_t due_us = trip->ahead_us;

    if (most_us - least_us <= TRN_CLOCK_TRIP_US) {
        due_us = least_us + (most_us - least_us) / 2;
    } else if (due_us < least_us || due_us > most_us) {
        due_us = due_us < least_us ? least_us : most_us;
    }
    if (find_ahead(device) != due_us) {
        sim_fail(device->world,
                 "measured clock",
                 "%s goes by a clock that is %lld us ahead, and should by one of %lld",
                 device->name,
                 (long long)find_ahead(device),
                 (long long)due_us);
    }
}

/* ---- Its own stamps ---- */

void sim_steady_stamp(struct sim_device *device)
{
    tern_statement *statement =
        ask(device,
            "SELECT n.ordinal, n.time, (SELECT b.time FROM tern_outbox b WHERE b.place > 0 AND "
            "b.place < n.place AND b.state = 0 AND b.kind < 3 AND b.number = 0 AND b.reason = 0 "
            "AND b.author = m.device ORDER BY b.place DESC LIMIT 1) FROM tern_meta m JOIN "
            "tern_outbox n ON n.place = (SELECT max(place) FROM tern_outbox)");
    int64_t time_us;
    tern_value before;

    if (statement == NULL) {
        return;
    }
    time_us = tern_statement_value(statement, 1).integer;
    before = tern_statement_value(statement, 2);
    if (before.kind == TERN_INTEGER && before.integer >= time_us) {
        sim_fail(device->world,
                 "monotone stamps",
                 "%s stamped its transaction %lld %lld us before the one that still waits",
                 device->name,
                 (long long)tern_statement_value(statement, 0).integer,
                 (long long)(before.integer - time_us));
    }
    tern_statement_reset(statement);
}

void sim_steady_forget(struct sim_device *device)
{
    trn_bytes_free(&device->cursor);
}
