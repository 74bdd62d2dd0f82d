/* Promises 1, 2, 3 and 5 of docs/SYNC.md over lives made up by dice, judged by the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/version.h"
#include "server/cursor.h"
#include "tests/sim/story.h"

enum { LIVES = 8, MOMENTS = 140 };

/* What a user is granted once the patient's record is open to the doctor. */
#define ROWS(scope)                                                                                \
    "SELECT 'users', id, created_at, updated_at, deleted_at, role, name FROM users WHERE id "      \
    "IN (" scope ") UNION ALL "                                                                    \
    "SELECT 'bonds', id, created_at, updated_at, deleted_at, patient_id, doctor_id || status "     \
    "FROM bonds UNION ALL "                                                                        \
    "SELECT 'notes', id, created_at, updated_at, deleted_at, owner_id || ifnull(place, '-'), "     \
    "title || ifnull(body, '-') FROM notes WHERE owner_id IN (" scope ") UNION ALL "               \
    "SELECT 'comments', id, created_at, updated_at, deleted_at, note_id, body FROM comments "      \
    "WHERE note_id IN (SELECT id FROM notes WHERE owner_id IN (" scope ")) UNION ALL "             \
    "SELECT 'audit', id, created_at, updated_at, row_id, rule || table_name || unit, "             \
    "lost_values || kept_values || lost_time || kept_time || lost_device || kept_device FROM "     \
    "sync_audit WHERE scope_id IN (" scope ") ORDER BY 1, 2"

static const char *granted(int device)
{
    return device < DESK ? ROWS("@p") : ROWS("@p, @d");
}

/* Everything that the file's tables hold, whoever it belongs to. */
static const char *counted(const char *path)
{
    return file_ask(path,
                    "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM bonds), (SELECT "
                    "count(*) FROM notes), (SELECT count(*) FROM comments), (SELECT count(*) FROM "
                    "sync_audit)");
}

static const char *counted_granted(const struct world *world, int device)
{
    return server_ask(
        world,
        device < DESK
            ? "SELECT (SELECT count(*) FROM users WHERE id = @p), (SELECT count(*) FROM bonds), "
              "(SELECT count(*) FROM notes WHERE owner_id = @p), (SELECT count(*) FROM comments), "
              "(SELECT count(*) FROM sync_audit WHERE scope_id = @p)"
            : "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM bonds), (SELECT "
              "count(*) FROM notes), (SELECT count(*) FROM comments), (SELECT count(*) FROM "
              "sync_audit)");
}

TEST(promise_1_each_device_holds_exactly_the_rows_granted_equal_to_the_server_s)
{
    size_t seen = 0;

    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct story story;

        story_begin(&story, seed);
        story_live(&story, MOMENTS);
        story_settle(&story);
        for (int i = 0; i < STORY_DEVICES; i++) {
            const char *path = story.devices[i].path;
            char *theirs = file_rows(server_file(&story.world), granted(i));

            seen += strlen(theirs);
            check_same_rows(file_rows(path, granted(i)), theirs);
            CHECK_TEXT(counted(path), counted_granted(&story.world, i));
            CHECK_TEXT(file_ask(path, "SELECT count(*) FROM tern_outbox WHERE state = 0"), "0");
        }
        story_end(&story);
    }
    CHECK(seen > (size_t)LIVES * STORY_DEVICES * 1000);
}

/* ---- 2: nothing acknowledged is lost ---- */

struct fate {
    unsigned current;
    unsigned audited;
    unsigned discarded;
    unsigned parked;
    unsigned superseded;
};

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

/* Whether the server has applied the entry that carries a text in its bytes. */
static bool applied(const struct story *story, const char *text)
{
    char sql[160];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT count(*) FROM tern_entry WHERE verdict = 0 AND kind <> 2 AND "
                   "instr(CAST(body AS TEXT), '\"%s\"')",
                   text);
    return number(server_ask(&story->world, sql)) > 0;
}

static struct fate fate_of(const struct story *story, const struct mark *mark)
{
    struct fate fate = {0};
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT count(*) FROM %s WHERE id = x'%s' AND %s = '%s'",
                   mark->table,
                   mark->row,
                   mark->column,
                   mark->text);
    fate.current = number(server_ask(&story->world, sql));
    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT total(rule <> 'DISCARDED'), total(rule = 'DISCARDED') FROM sync_audit "
                   "WHERE table_name = '%s' AND row_id = x'%s' AND json_extract(lost_values, "
                   "'$.%s') = '%s' AND kept_values IS NOT NULL AND lost_device IS NOT NULL",
                   mark->table,
                   mark->row,
                   mark->column,
                   mark->text);
    (void)sscanf(server_ask(&story->world, sql), "%u.0,%u.0", &fate.audited, &fate.discarded);
    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT count(*) FROM tern_outbox AS o LEFT JOIN tern_body AS b USING (ordinal) "
                   "WHERE state IN (2, 3) AND reason <> 0 AND "
                   "instr(CAST(coalesce(o.body, b.body) AS TEXT), '\"%s\"')",
                   mark->text);
    fate.parked = number(file_ask(story->devices[mark->device].path, sql));
    for (size_t i = 0; i < story->mark_count; i++) {
        const struct mark *other = &story->marks[i];

        fate.superseded += strcmp(other->seen, mark->text) == 0 && applied(story, mark->text) &&
                           applied(story, other->text);
    }
    return fate;
}

static void show(const struct mark *mark, const struct fate *fate)
{
    (void)fprintf(stderr,
                  "%s of %s.%s %s by %d over '%s': current %u audited %u discarded %u parked %u "
                  "superseded %u\n",
                  mark->text,
                  mark->table,
                  mark->column,
                  mark->row,
                  mark->device,
                  mark->seen,
                  fate->current,
                  fate->audited,
                  fate->discarded,
                  fate->parked,
                  fate->superseded);
}

TEST(promise_2_every_committed_change_is_accounted_for_exactly_once)
{
    struct fate all = {0};

    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct story story;

        story_begin(&story, 100 + seed);
        story_live(&story, MOMENTS);
        story_settle(&story);
        story_discard_some(&story);
        for (size_t i = 0; i < story.mark_count; i++) {
            struct fate fate = fate_of(&story, &story.marks[i]);
            unsigned places = fate.current + fate.audited + fate.discarded + fate.parked;

            if (places > 1 || (places == 0 && fate.superseded == 0)) {
                show(&story.marks[i], &fate);
                fail_msg("seed %u", (unsigned)seed);
            }
            all.current += fate.current;
            all.audited += fate.audited;
            all.discarded += fate.discarded;
            all.parked += fate.parked;
            all.superseded += places == 0;
        }
        story_end(&story);
    }
    print_message("current %u, audited %u, discarded %u, parked %u, superseded %u\n",
                  all.current,
                  all.audited,
                  all.discarded,
                  all.parked,
                  all.superseded);
    CHECK(all.current > 50 && all.audited > 20 && all.superseded > 20);
    CHECK(all.discarded > 0 && all.parked > 0);
}

/* ---- 3: no duplicates ---- */

TEST(promise_3_every_transaction_is_on_the_server_once_whatever_the_network_did)
{
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct story story;

        story_begin(&story, 200 + seed);
        story_live(&story, MOMENTS);
        story_settle(&story);
        CHECK_TEXT(server_ask(&story.world, "SELECT count(*) - count(DISTINCT tx) FROM tern_entry"),
                   "0");
        CHECK_TEXT(server_ask(&story.world,
                              "SELECT count(*) FROM (SELECT 1 FROM tern_entry GROUP BY device, "
                              "ordinal HAVING count(*) > 1)"),
                   "0");
        for (int i = 0; i < STORY_DEVICES; i++) {
            char sql[200];
            const char *here;

            /* What is acknowledged here stands there, by number and stored time. */
            here = file_ask(story.devices[i].path,
                            "SELECT tx, number, time FROM tern_outbox WHERE state = 1 ORDER BY "
                            "number");
            (void)snprintf(sql,
                           sizeof sql,
                           "SELECT tx, number, time FROM tern_entry WHERE verdict = 0 AND kind <> "
                           "2 AND device = x'%s' ORDER BY number",
                           file_ask(story.devices[i].path, "SELECT hex(device) FROM tern_meta"));
            CHECK_TEXT(here, server_ask(&story.world, sql));
        }
        /* Every text was written once, into one row, so it stands in one place. */
        CHECK_TEXT(server_ask(&story.world, "SELECT count(*) - count(DISTINCT title) FROM notes"),
                   "0");
        CHECK_TEXT(server_ask(&story.world, "SELECT count(*) - count(DISTINCT body) FROM comments"),
                   "0");
        story_end(&story);
    }
}

/* ---- 5: monotone ---- */

static void read_cursor(struct story *story, int device, struct trn_cursor *cursor, bool *ret_has)
{
    struct trn_db_view *view = NULL;
    struct trn_db *db = story->world.db;
    struct trn_db_meta meta;
    const char *hex = file_ask(story->devices[device].path, "SELECT hex(value) FROM tern_cursor");
    struct trn_bytes text = {0};
    tern_id id;

    *ret_has = hex[0] != '\0';
    for (const char *at = hex; at[0] != '\0'; at += 2) {
        unsigned byte = 0;

        CHECK(sscanf(at, "%2x", &byte) == 1);
        CHECK(trn_bytes_append(&text, &(uint8_t){(uint8_t)byte}, 1) == TERN_OK);
    }
    if (*ret_has) {
        CHECK(db->ops->snapshot_open(db, &view, NULL) == TERN_OK);
        CHECK(db->ops->meta_read(view, &meta, NULL) == TERN_OK);
        db->ops->snapshot_close(db, view);
        tern_replica_device(story->devices[device].replica, &id);
        CHECK(trn_cursor_open(trn_bytes_slice(&text),
                              &meta,
                              &story->devices[device].user,
                              &id,
                              cursor,
                              NULL) == TERN_OK);
    }
    trn_bytes_free(&text);
}

/* The stamp of one unit of one row. */
struct stamp {
    char unit[96];
    unsigned rank;
    long long time;
    char device[33];
};

struct stamps {
    struct stamp *items;
    size_t count;
};

static tern_value read_version(const char *type, const char *cell, uint8_t room[200])
{
    size_t size = 0;

    if (strcmp(type, "integer") == 0) {
        return tern_value_integer(strtoll(cell, NULL, 10));
    }
    for (; cell[2 * size] != '\0' && size < 200; size++) {
        unsigned byte = 0;

        CHECK(sscanf(cell + 2 * size, "%2x", &byte) == 1);
        room[size] = (uint8_t)byte;
    }
    return tern_value_blob(room, size);
}

static void read_stamp(const struct world *world, int64_t key, struct stamp *stamp)
{
    char sql[120];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT time, hex(device) FROM tern_entry WHERE number = %lld",
                   (long long)key);
    CHECK(sscanf(server_ask(world, sql), "%lld,%32s", &stamp->time, stamp->device) == 2);
}

static void add_row(const struct world *world, const char *line, struct stamps *stamps)
{
    char table[20];
    char id[33];
    char type[10];
    char cell[400];
    uint8_t room[200];
    struct trn_version version;
    const struct trn_table *found = NULL;
    tern_value value;

    CHECK(sscanf(line, "%19[^,],%32[^,],%9[^,],%399[^;]", table, id, type, cell) == 4);
    for (size_t i = 0; i < world->schema->table_count; i++) {
        if (strcmp(world->schema->tables[i].name, table) == 0) {
            found = &world->schema->tables[i];
        }
    }
    CHECK(found != NULL);
    value = read_version(type, cell, room);
    CHECK(trn_version_decode(&value, found->unit_count, &version, NULL) == TERN_OK);
    for (size_t unit = 0; unit < found->unit_count; unit++) {
        struct stamp *stamp;

        stamps->items = realloc(stamps->items, (stamps->count + 1) * sizeof *stamps->items);
        CHECK(stamps->items != NULL);
        stamp = &stamps->items[stamps->count++];
        (void)snprintf(stamp->unit, sizeof stamp->unit, "%s %s %zu", table, id, unit);
        stamp->rank = trn_version_rank(&version, unit);
        read_stamp(world, version.keys[unit], stamp);
    }
}

static void read_stamps(const struct world *world, struct stamps *ret_stamps)
{
    char *rows = file_rows(server_file(world),
                           "SELECT 'notes', lower(hex(id)), typeof(tern_v), tern_v FROM notes "
                           "UNION ALL SELECT 'comments', lower(hex(id)), typeof(tern_v), tern_v "
                           "FROM comments UNION ALL SELECT 'bonds', lower(hex(id)), "
                           "typeof(tern_v), tern_v FROM bonds");

    *ret_stamps = (struct stamps){NULL, 0};
    for (char *at = rows; *at != '\0'; at += strcspn(at, ";"), at += *at == ';') {
        add_row(world, at, ret_stamps);
    }
    free(rows);
}

static int compare(const struct stamp *a, const struct stamp *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return strcmp(a->device, b->device);
}

/* Every unit that was there is there, by the same stamp or a greater one. */
static size_t check_stamps(const struct stamps *before, const struct stamps *after)
{
    size_t moved = 0;

    for (size_t i = 0; i < before->count; i++) {
        const struct stamp *now = NULL;

        for (size_t j = 0; j < after->count && now == NULL; j++) {
            now =
                strcmp(after->items[j].unit, before->items[i].unit) == 0 ? &after->items[j] : NULL;
        }
        CHECK(now != NULL);
        CHECK(compare(now, &before->items[i]) >= 0);
        moved += compare(now, &before->items[i]) > 0;
    }
    return moved;
}

static bool is_behind(const struct trn_position *a, const struct trn_position *b)
{
    return a->version == b->version && !b->fresh && !a->fresh && b->place.number < a->place.number;
}

static void check_cursor(const struct trn_cursor *before, const struct trn_cursor *after)
{
    CHECK(after->high >= before->high);
    CHECK(!is_behind(&before->own, &after->own));
    for (size_t i = 0; i < before->count; i++) {
        const struct trn_position *now = trn_cursor_find(after, &before->others[i].scope);

        CHECK(now == NULL || !is_behind(&before->others[i], now));
    }
}

TEST(promise_5_no_stamp_of_the_server_and_no_cursor_goes_back)
{
    size_t moved = 0;

    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct story story;
        struct stamps stamps = {NULL, 0};
        struct trn_cursor cursors[STORY_DEVICES];
        bool has[STORY_DEVICES] = {false};

        story_begin(&story, 300 + seed);
        for (unsigned moment = 0; moment < MOMENTS; moment += 7) {
            struct stamps now;

            story_live(&story, 7);
            read_stamps(&story.world, &now);
            moved += check_stamps(&stamps, &now);
            free(stamps.items);
            stamps = now;
            for (int i = 0; i < STORY_DEVICES; i++) {
                struct trn_cursor cursor;
                bool has_now = false;

                read_cursor(&story, i, &cursor, &has_now);
                CHECK(has_now || !has[i]);
                if (has[i]) {
                    check_cursor(&cursors[i], &cursor);
                    trn_cursor_free(&cursors[i]);
                }
                has[i] = has_now;
                if (has_now) {
                    cursors[i] = cursor;
                }
            }
        }
        for (int i = 0; i < STORY_DEVICES; i++) {
            if (has[i]) {
                trn_cursor_free(&cursors[i]);
            }
        }
        free(stamps.items);
        story_end(&story);
    }
    CHECK(moved > 50);
}
