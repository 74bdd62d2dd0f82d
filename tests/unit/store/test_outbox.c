/* Outbox, transactions, staging and meta: what is put in comes out, in order and whole. */
#include "tests/unit/store/fixture.h"

#include <string.h>

#include "base/uuid.h"

enum { ALL = 31, PENDING = 1u << TERN_ENTRY_PENDING, ACKED = 1u << TERN_ENTRY_ACKED };

static struct trn_store *open_in_tx(void)
{
    struct trn_store *store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    return store;
}

static int64_t add_entry(struct trn_store *store, uint64_t ordinal, const char *body)
{
    const uint64_t depends[] = {ordinal - 1};
    tern_id device = fixture_id(500);
    struct trn_entry entry = {.ordinal = ordinal,
                              .tx = fixture_id((unsigned)ordinal),
                              .author = device,
                              .time_us = 1000 + (int64_t)ordinal,
                              .reading = {11, 12, fixture_id(600)},
                              .change_count = 3,
                              .kind = 1,
                              .schema_version = 1};

    entry.key = trn_store_tx_key(ordinal);
    CHECK_INT(trn_outbox_add(store,
                             &entry,
                             trn_slice_text(body),
                             trn_slice_text("undo"),
                             depends,
                             ordinal > 1 ? 1 : 0,
                             NULL,
                             NULL),
              TERN_OK);
    return entry.key;
}

TEST(an_entry_reads_back_as_it_was_added)
{
    struct trn_store *store = open_in_tx();
    struct trn_entry entry = {0};
    struct trn_bytes bytes = {0};
    uint64_t depends[2] = {0};
    size_t count = 0;
    int64_t key;

    (void)add_entry(store, 1, "first");
    key = add_entry(store, 2, "second");
    CHECK_INT(trn_outbox_next(store, 1, ALL, &entry, NULL), TERN_OK);
    CHECK(entry.ordinal == 2 && entry.key == key && entry.state == TERN_ENTRY_PENDING);
    CHECK(entry.time_us == 1002 && entry.number == 0 && entry.change_count == 3);
    CHECK(entry.reading.wall_us == 11 && entry.reading.monotonic_us == 12);
    CHECK(entry.kind == 1 && entry.schema_version == 1 && entry.body_size == 6);
    CHECK_INT(trn_outbox_body(store, 2, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "second");
    trn_bytes_clear(&bytes);
    CHECK_INT(trn_outbox_undo(store, 2, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "undo");
    CHECK_INT(trn_outbox_depends(store, 2, depends, 2, &count, NULL), TERN_OK);
    CHECK(count == 1 && depends[0] == 1);
    trn_bytes_free(&bytes);
    trn_store_close(store);
}

TEST(entries_are_walked_both_ways_by_state)
{
    struct trn_store *store = open_in_tx();
    struct trn_entry entry = {0};
    uint64_t count = 0;

    for (uint64_t i = 1; i <= 4; i++) {
        (void)add_entry(store, i, "body");
    }
    CHECK_INT(trn_outbox_next(store, 0, ALL, &entry, NULL), TERN_OK);
    entry.state = TERN_ENTRY_ACKED;
    entry.number = 70;
    CHECK_INT(trn_outbox_update(store, &entry, NULL, NULL), TERN_OK);
    CHECK_INT(trn_outbox_next(store, 0, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 2);
    CHECK_INT(trn_outbox_previous(store, UINT64_MAX, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 4);
    CHECK_INT(trn_outbox_previous(store, 2, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 0);
    CHECK_INT(trn_outbox_previous(store, 2, ACKED | PENDING, &entry, NULL), TERN_OK);
    CHECK(entry.ordinal == 1 && entry.number == 70);
    CHECK_INT(trn_outbox_count(store, PENDING, &count, NULL), TERN_OK);
    CHECK_INT(count, 3);
    CHECK_INT(trn_outbox_count(store, ACKED, &count, NULL), TERN_OK);
    CHECK_INT(count, 1);
    trn_store_close(store);
}

TEST(an_entry_that_is_no_longer_pending_keeps_no_undo_image)
{
    struct trn_store *store = open_in_tx();
    struct trn_entry entry = {0};
    struct trn_bytes bytes = {0};

    (void)add_entry(store, 1, "body");
    CHECK_INT(trn_outbox_next(store, 0, ALL, &entry, NULL), TERN_OK);
    entry.attempts = 2;
    CHECK_INT(trn_outbox_update(store, &entry, NULL, NULL), TERN_OK);
    CHECK_INT(trn_outbox_undo(store, 1, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "undo");
    trn_bytes_clear(&bytes);
    entry.state = TERN_ENTRY_QUARANTINED;
    entry.reason = TERN_ERR_UNIQUE;
    CHECK_INT(trn_outbox_update(store, &entry, "why", NULL), TERN_OK);
    CHECK_INT(trn_outbox_undo(store, 1, &bytes, NULL), TERN_OK);
    CHECK_INT(bytes.size, 0);
    CHECK_INT(trn_outbox_detail(store, 1, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "why");
    trn_bytes_free(&bytes);
    trn_store_close(store);
}

TEST(a_compressed_body_is_only_given_out_as_kept)
{
    struct trn_store *store = open_in_tx();
    struct trn_bytes bytes = {0};
    bool gzip = false;

    (void)add_entry(store, 1, "body");
    CHECK_INT(trn_outbox_compress(store, 1, trn_slice_text("gz"), NULL), TERN_OK);
    CHECK_INT(trn_outbox_body(store, 1, &bytes, NULL), TERN_ERR_INTERNAL);
    CHECK_INT(bytes.size, 0);
    CHECK_INT(trn_outbox_kept(store, 1, &gzip, &bytes, NULL), TERN_OK);
    CHECK(gzip);
    CHECK_TEXT(trn_bytes_text(&bytes), "gz");
    trn_bytes_free(&bytes);
    trn_store_close(store);
}

TEST(a_key_leads_to_its_entry_until_that_is_acknowledged)
{
    struct trn_store *store = open_in_tx();
    struct trn_tx_info info = {0};
    tern_id author = fixture_id(500);
    int64_t key = add_entry(store, 1, "body");
    int64_t base = 0;
    uint64_t ordinal = 0;

    CHECK_INT(trn_outbox_by_key(store, key, &ordinal, NULL), TERN_OK);
    CHECK_INT(ordinal, 1);
    CHECK_INT(trn_store_tx_base(store, key, &base, NULL), TERN_OK);
    CHECK_INT(base, -1);
    CHECK_INT(trn_store_tx_get(store, key, &info, NULL), TERN_OK);
    CHECK(info.number == 0 && info.time_us == 1001 && trn_id_equal(&info.device, &author));
    CHECK_INT(trn_store_tx_settle(store, key, 88, 2000, &author, NULL), TERN_OK);
    CHECK_INT(trn_outbox_by_key(store, key, &ordinal, NULL), TERN_OK);
    CHECK_INT(ordinal, 0);
    CHECK_INT(trn_store_tx_base(store, key, &base, NULL), TERN_OK);
    CHECK_INT(base, 88);
    CHECK_INT(trn_store_tx_get(store, key, &info, NULL), TERN_OK);
    CHECK(info.number == 88 && info.time_us == 2000 && trn_id_equal(&info.device, &author));
    CHECK_INT(trn_store_tx_forget_numbers(store, NULL), TERN_OK);
    CHECK_INT(trn_store_tx_base(store, key, &base, NULL), TERN_OK);
    CHECK_INT(base, 0);
    trn_store_close(store);
}

TEST(a_removed_entry_leaves_its_stamp_behind)
{
    struct trn_store *store = open_in_tx();
    struct trn_bytes bytes = {0};
    uint64_t ordinal = 9;
    int64_t key = add_entry(store, 2, "body");
    struct trn_tx_info info = {0};
    int64_t base = 9;
    size_t count = 9;

    CHECK_INT(trn_outbox_remove(store, 2, NULL), TERN_OK);
    CHECK_INT(trn_outbox_by_key(store, key, &ordinal, NULL), TERN_OK);
    CHECK_INT(ordinal, 0);
    CHECK_INT(trn_outbox_body(store, 2, &bytes, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(trn_outbox_depends(store, 2, NULL, 0, &count, NULL), TERN_OK);
    CHECK_INT(count, 0);
    /* But what rows may name. */
    CHECK_INT(trn_store_tx_get(store, key, &info, NULL), TERN_OK);
    CHECK(info.number == 0 && info.time_us == 1002);
    CHECK_INT(trn_store_tx_base(store, key, &base, NULL), TERN_OK);
    CHECK_INT(base, 0);
    trn_store_close(store);
}

TEST(a_long_body_stands_apart_and_reads_back_the_same)
{
    struct trn_store *store = open_in_tx();
    struct trn_entry entry = {0};
    struct trn_bytes bytes = {0};
    char body[5000];
    bool gzip = false;

    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    (void)add_entry(store, 1, body);
    (void)add_entry(store, 2, "short");
    CHECK_INT(trn_outbox_body(store, 1, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), body);
    trn_bytes_clear(&bytes);
    CHECK_INT(trn_outbox_next(store, 0, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.body_size, sizeof body - 1);
    entry.state = TERN_ENTRY_ACKED;
    CHECK_INT(trn_outbox_update(store, &entry, NULL, NULL), TERN_OK);
    CHECK_INT(trn_outbox_compress(store, 1, trn_slice_text("gz"), NULL), TERN_OK);
    CHECK_INT(trn_outbox_kept(store, 1, &gzip, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "gz");
    CHECK(gzip);
    trn_bytes_clear(&bytes);
    CHECK_INT(trn_outbox_remove(store, 1, NULL), TERN_OK);
    CHECK_INT(trn_outbox_body(store, 1, &bytes, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(trn_outbox_body(store, 2, &bytes, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "short");
    trn_bytes_free(&bytes);
    trn_store_close(store);
}

TEST(an_entry_that_waits_again_is_found_where_it_was)
{
    struct trn_store *store = open_in_tx();
    struct trn_entry entry = {0};
    tern_id author = fixture_id(500);
    int64_t key = 0;
    int64_t base = 0;

    for (uint64_t i = 1; i <= 3; i++) {
        int64_t added = add_entry(store, i, "body");

        key = i == 2 ? added : key;
    }
    CHECK_INT(trn_outbox_next(store, 1, ALL, &entry, NULL), TERN_OK);
    entry.state = TERN_ENTRY_ACKED;
    CHECK_INT(trn_store_tx_settle(store, key, 8, 1002, &author, NULL), TERN_OK);
    CHECK_INT(trn_outbox_update(store, &entry, NULL, NULL), TERN_OK);
    CHECK_INT(trn_outbox_next(store, 1, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 3);
    CHECK_INT(trn_outbox_next(store, 1, ALL, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 2);
    CHECK_INT(trn_store_tx_forget_numbers(store, NULL), TERN_OK);
    entry.state = TERN_ENTRY_PENDING;
    CHECK_INT(trn_outbox_requeue(store, &entry, NULL), TERN_OK);
    CHECK_INT(trn_outbox_next(store, 1, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 2);
    CHECK_INT(trn_store_tx_base(store, key, &base, NULL), TERN_OK);
    CHECK_INT(base, -2);
    trn_store_close(store);
}

TEST(dependencies_are_read_in_order_and_in_pieces)
{
    struct trn_store *store = open_in_tx();
    const uint64_t depends[] = {30, 4, 100};
    struct trn_entry entry = {.ordinal = 200, .schema_version = 1};
    uint64_t read[2] = {0};
    size_t count = 0;

    CHECK_INT(trn_outbox_add(store,
                             &entry,
                             trn_slice_text("body"),
                             trn_slice_text("undo"),
                             depends,
                             3,
                             NULL,
                             NULL),
              TERN_OK);
    CHECK_INT(trn_outbox_depends(store, 200, read, 2, &count, NULL), TERN_OK);
    CHECK(count == 3 && read[0] == 4 && read[1] == 30);
    CHECK_INT(trn_outbox_depends_after(store, 200, 0, read, 2, &count, NULL), TERN_OK);
    CHECK(count == 2 && read[0] == 4 && read[1] == 30);
    CHECK_INT(trn_outbox_depends_after(store, 200, 30, read, 2, &count, NULL), TERN_OK);
    CHECK(count == 1 && read[0] == 100);
    trn_store_close(store);
}

/* A transaction of the app leaves it to its entry. */
TEST(meta_follows_the_last_entry)
{
    struct trn_store *store = open_in_tx();
    struct trn_meta meta = {0};
    tern_id last = fixture_id(2);

    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    CHECK(!meta.has_open && meta.last_ordinal == 0);
    (void)add_entry(store, 1, "body");
    (void)add_entry(store, 2, "body");
    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    CHECK(meta.has_open && meta.last_ordinal == 2 && meta.clock.last_us == 1002);
    CHECK(trn_id_equal(&meta.last_tx, &last));
    meta.clock.last_us = 900;
    CHECK_INT(trn_meta_write(store, &meta, NULL), TERN_OK);
    CHECK_INT(trn_outbox_remove(store, 2, NULL), TERN_OK);
    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    CHECK(meta.has_open && meta.last_ordinal == 2 && meta.clock.last_us == 900);
    CHECK(trn_id_equal(&meta.last_tx, &last));
    trn_store_close(store);
}

TEST(a_servers_tx_has_one_key)
{
    struct trn_store *store = open_in_tx();
    tern_id device = fixture_id(1);
    int64_t first = 0;
    int64_t second = 0;
    int64_t next = 0;

    CHECK_INT(trn_store_tx_put(store, 10, 100, &device, &first, NULL), TERN_OK);
    CHECK_INT(trn_store_tx_settle(store, trn_store_tx_key(7), 12, 102, &device, NULL), TERN_OK);
    CHECK_INT(trn_store_tx_put(store, 11, 101, &device, &second, NULL), TERN_OK);
    CHECK(second > first && first % 2 == 0 && second % 2 == 0);
    CHECK_INT(trn_store_tx_put(store, 10, 100, &device, &next, NULL), TERN_OK);
    CHECK_INT(next, first);
    trn_store_close(store);
}

static void check_cursors(struct trn_store *store, const char *cursor, const char *proof)
{
    struct trn_bytes text = {0};

    CHECK_INT(trn_meta_cursor(store, &text, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&text), cursor);
    trn_bytes_clear(&text);
    CHECK_INT(trn_meta_proof(store, &text, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&text), proof);
    trn_bytes_free(&text);
}

TEST(meta_and_cursor_read_back_as_written)
{
    struct trn_store *store = open_in_tx();
    struct trn_bytes cursor = {0};
    struct trn_meta meta = {0};
    struct trn_meta read = {0};

    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    CHECK(trn_id_is_nil(&meta.device) && meta.epoch[0] == '\0');
    meta.device = fixture_id(1);
    meta.user = fixture_id(2);
    meta.clock = (struct trn_clock){.last_us = 5, .offset_us = -7, .offset_known = true};
    meta.last_ordinal = 4;
    meta.acked_ordinal = 3;
    meta.last_tx = fixture_id(3);
    meta.acked_tx = fixture_id(4);
    memcpy(meta.epoch, "0123456789abcdef", 17);
    meta.last_sync_us = 6;
    meta.last_error = TERN_ERR_NETWORK;
    meta.stamps_capped = 8;
    meta.clock_suspect = true;
    meta.lease = fixture_id(5);
    meta.lease_until_wall_us = 9;
    meta.lease_reading = (struct trn_reading){10, 11, fixture_id(6)};
    CHECK_INT(trn_meta_write(store, &meta, NULL), TERN_OK);
    CHECK_INT(trn_meta_read(store, &read, NULL), TERN_OK);
    CHECK(trn_id_equal(&read.device, &meta.device) && trn_id_equal(&read.user, &meta.user));
    CHECK(read.clock.last_us == 5 && read.clock.offset_us == -7 && read.clock.offset_known);
    CHECK(read.last_ordinal == 4 && read.acked_ordinal == 3);
    CHECK(trn_id_equal(&read.last_tx, &meta.last_tx));
    CHECK(trn_id_equal(&read.acked_tx, &meta.acked_tx));
    CHECK_TEXT(read.epoch, "0123456789abcdef");
    CHECK(read.last_sync_us == 6 && read.last_error == TERN_ERR_NETWORK);
    CHECK(read.stamps_capped == 8 && read.clock_suspect);
    CHECK(trn_id_equal(&read.lease, &meta.lease) && read.lease_until_wall_us == 9);
    CHECK(read.lease_reading.wall_us == 10 && read.lease_reading.monotonic_us == 11);
    CHECK_INT(trn_meta_cursor(store, &cursor, NULL), TERN_OK);
    CHECK_INT(cursor.size, 0);
    CHECK_INT(trn_meta_set_cursor(store, trn_slice_text("old"), NULL), TERN_OK);
    CHECK_INT(trn_meta_set_cursor(store, trn_slice_text("new"), NULL), TERN_OK);
    CHECK_INT(trn_meta_cursor(store, &cursor, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&cursor), "new");
    check_cursors(store, "new", "");
    CHECK_INT(trn_meta_set_proof(store, trn_slice_text("later"), NULL), TERN_OK);
    check_cursors(store, "new", "later");
    CHECK_INT(trn_meta_set_proof(store, trn_slice_text("last"), NULL), TERN_OK);
    check_cursors(store, "new", "last");
    CHECK_INT(trn_meta_drop_cursor(store, NULL), TERN_OK);
    check_cursors(store, "", "last");
    CHECK_INT(trn_meta_drop_cursor(store, NULL), TERN_OK);
    check_cursors(store, "", "last");
    CHECK_INT(trn_meta_set_cursor(store, trn_slice_text("whole"), NULL), TERN_OK);
    check_cursors(store, "whole", "");
    CHECK_INT(trn_meta_drop_cursor(store, NULL), TERN_OK);
    check_cursors(store, "", "whole");
    CHECK_INT(trn_meta_set_cursor(store, trn_slice_text("~an~other's~"), NULL), TERN_OK);
    check_cursors(store, "~an~other's~", "");
    CHECK_INT(trn_meta_set_proof(store, trn_slice_text("~"), NULL), TERN_OK);
    check_cursors(store, "~an~other's~", "~");
    trn_bytes_free(&cursor);
    trn_store_close(store);
}

TEST(staged_pages_come_back_in_order_by_scope)
{
    struct trn_store *store = open_in_tx();
    tern_id one = fixture_id(1);
    tern_id two = fixture_id(2);
    struct trn_bytes lines = {0};
    int64_t at = 0;
    bool any = false;
    bool fresh = false;

    CHECK_INT(trn_stage_append(store, &one, true, trn_slice_text("a"), NULL), TERN_OK);
    CHECK_INT(trn_stage_append(store, &two, false, trn_slice_text("x"), NULL), TERN_OK);
    CHECK_INT(trn_stage_append(store, &one, false, trn_slice_text("b"), NULL), TERN_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(trn_stage_next(store, &one, at, &at, &lines, NULL), TERN_OK);
        CHECK((i < 2) == (at != 0));
    }
    CHECK_TEXT(trn_bytes_text(&lines), "ab");
    CHECK_INT(trn_stage_is_fresh(store, &one, &any, &fresh, NULL), TERN_OK);
    CHECK(any && fresh);
    CHECK_INT(trn_stage_complete(store, &any, &one, NULL), TERN_OK);
    CHECK(!any);
    CHECK_INT(trn_stage_mark_complete(store, &two, NULL), TERN_OK);
    CHECK_INT(trn_stage_complete(store, &any, &one, NULL), TERN_OK);
    CHECK(any && trn_id_equal(&one, &two));
    trn_bytes_free(&lines);
    trn_store_close(store);
}

TEST(a_fresh_page_replaces_what_was_staged_of_its_scope)
{
    struct trn_store *store = open_in_tx();
    tern_id one = fixture_id(1);
    struct trn_bytes lines = {0};
    int64_t at = 0;
    bool any = true;
    bool fresh = true;

    CHECK_INT(trn_stage_append(store, &one, false, trn_slice_text("old"), NULL), TERN_OK);
    CHECK_INT(trn_stage_append(store, &one, true, trn_slice_text("new"), NULL), TERN_OK);
    CHECK_INT(trn_stage_next(store, &one, at, &at, &lines, NULL), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&lines), "new");
    CHECK_INT(trn_stage_drop(store, NULL, NULL), TERN_OK);
    CHECK_INT(trn_stage_is_fresh(store, &one, &any, &fresh, NULL), TERN_OK);
    CHECK(!any && !fresh);
    trn_bytes_free(&lines);
    trn_store_close(store);
}

static uint64_t acked(struct trn_store *store)
{
    struct trn_meta meta = {0};

    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    return meta.acked_ordinal;
}

static void set_acked(struct trn_store *store, uint64_t ordinal)
{
    struct trn_meta meta = {0};

    CHECK_INT(trn_meta_read(store, &meta, NULL), TERN_OK);
    meta.acked_ordinal = ordinal;
    CHECK_INT(trn_meta_write(store, &meta, NULL), TERN_OK);
}

TEST(meta_is_what_the_file_says_whoever_wrote_it_and_whatever_was_rolled_back)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");
    struct trn_store *store = fixture_open(path);

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    set_acked(store, 5);
    CHECK_INT(trn_store_savepoint(store, NULL), TERN_OK);
    set_acked(store, 6);
    CHECK_INT(acked(store), 6);
    CHECK_INT(trn_store_savepoint_rollback(store, TERN_ERR_UNIQUE, "", NULL), TERN_OK);
    CHECK_INT(acked(store), 5);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(acked(store), 5);
    set_acked(store, 7);
    trn_store_rollback(store);
    CHECK_INT(acked(store), 5);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(acked(store), 5);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    CHECK_INT(fixture_outside(path, "UPDATE tern_meta SET acked_ordinal = 8"), 0);
    CHECK_INT(acked(store), 8);
    CHECK_INT(fixture_outside(path, "UPDATE tern_meta SET acked_ordinal = 9"), 0);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(acked(store), 9);
    trn_store_rollback(store);
    trn_store_close(store);
}
