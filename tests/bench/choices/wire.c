/*
 * Choices for the wire and for bodies at rest: bytes a row under gzip by kind of id and by how
 * values are written, the cost of packing, and what a preset dictionary gives small transactions.
 *
 * No envelopes are counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/dose.h"

enum { ROWS = 10000 };

struct shape {
    const char *name;
    enum key_kind kind;
    enum { INSERTS, UPDATES, UPDATES_TAKEN, UPDATES_TAKEN_DELTA, UPDATES_TAKEN_SECONDS } what;
    enum { ID_BASE64, ID_PREFIX, ID_LAST } id;
    int scope_columns; /* whether the columns that the scope implies are sent */
};

static const struct shape SHAPES[] = {
    {"inserts, v7", KEY_V7, INSERTS, ID_BASE64, 1},
    {"inserts, v7 monotone in a burst", KEY_V7_BURST, INSERTS, ID_BASE64, 1},
    {"inserts, v7, common prefix as a count", KEY_V7, INSERTS, ID_PREFIX, 1},
    {"inserts, burst, common prefix as a count", KEY_V7_BURST, INSERTS, ID_PREFIX, 1},
    {"inserts, burst, id as the last column", KEY_V7_BURST, INSERTS, ID_LAST, 1},
    {"inserts, burst, no created_at (the tx has it)", KEY_V7_BURST, INSERTS, ID_BASE64, 0},
    {"inserts, derived", KEY_DERIVED, INSERTS, ID_BASE64, 1},
    {"inserts, derived, no created_at", KEY_DERIVED, INSERTS, ID_BASE64, 0},
    {"updates of status, v7", KEY_V7, UPDATES, ID_BASE64, 1},
    {"updates of status, burst", KEY_V7_BURST, UPDATES, ID_BASE64, 1},
    {"updates of status, derived", KEY_DERIVED, UPDATES, ID_BASE64, 1},
    {"updates status+taken_at us, v7", KEY_V7, UPDATES_TAKEN, ID_BASE64, 1},
    {"updates status+taken_at us - previous line's, v7", KEY_V7, UPDATES_TAKEN_DELTA, ID_BASE64, 1},
    {"updates status+taken_at whole seconds, v7", KEY_V7, UPDATES_TAKEN_SECONDS, ID_BASE64, 1},
    {"updates status+taken_at us, derived", KEY_DERIVED, UPDATES_TAKEN, ID_BASE64, 1},
};

static void put_id(struct buffer *out,
                   const struct dose *dose,
                   const struct dose *previous,
                   const struct shape *shape)
{
    struct buffer id = {0};
    struct buffer before = {0};
    size_t same = 0;

    buffer_put_base64(&id, dose->id, DOSE_ID_BYTES);
    if (shape->id != ID_PREFIX || previous == NULL) {
        buffer_put(out, id.data, id.size);
    } else {
        buffer_put_base64(&before, previous->id, DOSE_ID_BYTES);
        while (same < 22 && id.data[same + 1] == before.data[same + 1]) {
            same++;
        }
        buffer_put_int(out, (int64_t)same);
        buffer_put(out, ",\"", 2);
        buffer_put(out, id.data + 1 + same, id.size - 1 - same);
    }
    buffer_free(&id);
    buffer_free(&before);
}

static void put_insert(struct buffer *out,
                       const struct dose *dose,
                       const struct dose *previous,
                       const struct shape *shape)
{
    struct buffer line = {0};

    dose_encode(&line, dose); /* ["<22>",rest...,created_at]\n */
    if (!shape->scope_columns) {
        while (line.data[line.size - 1] != ',') {
            line.size--;
        }
        buffer_put(&line, "null]\n", 6);
    }
    if (shape->id == ID_LAST) {
        buffer_put(out, "[", 1);
        buffer_put(out, line.data + 26, line.size - 28);
        buffer_put(out, ",", 1);
        put_id(out, dose, previous, shape);
        buffer_put(out, "]\n", 2);
    } else {
        buffer_put(out, "[", 1);
        put_id(out, dose, previous, shape);
        buffer_put(out, line.data + 25, line.size - 25);
    }
    buffer_free(&line);
}

static void put_update(struct buffer *out,
                       const struct dose *dose,
                       int64_t taken_at,
                       int64_t previous,
                       const struct shape *shape)
{
    buffer_put(out, "[", 1);
    put_id(out, dose, NULL, shape);
    buffer_put(out, ",\"TAKEN_ON_TIME\",", 17);
    switch (shape->what) {
    case UPDATES_TAKEN:
        buffer_put_int(out, taken_at);
        break;
    case UPDATES_TAKEN_DELTA:
        buffer_put_int(out, taken_at - previous);
        break;
    case UPDATES_TAKEN_SECONDS:
        buffer_put_int(out, taken_at / 1000000);
        break;
    default:
        buffer_put(out, "null", 4);
        break;
    }
    buffer_put(out, ",null,0,null]\n", 14);
}

static void shape_rows(const struct shape *shape, struct buffer *out)
{
    struct dose *doses = doses_make(ROWS, shape->kind, 1);
    uint64_t state = 5;
    int64_t previous = 0;
    size_t i;

    for (i = 0; i < ROWS; i++) {
        int64_t taken_at = doses[i].scheduled_time + (int64_t)(bench_random(&state) % 1800000000);

        doses[i].created_at += (int64_t)(bench_random(&state) % 1000);
        if (shape->what == INSERTS) {
            put_insert(out, &doses[i], i == 0 ? NULL : &doses[i - 1], shape);
        } else {
            put_update(out, &doses[i], taken_at, previous, shape);
        }
        previous = taken_at;
    }
    free(doses);
}

static void print_wire(void)
{
    static const int levels[] = {1, 6, 9};
    size_t i;
    size_t l;

    printf("\nbytes a row on the wire, 10k rows (no envelopes), and the cost of packing\n");
    printf("  %-50s %7s %7s %7s %7s %9s %9s %9s\n",
           "",
           "plain",
           "gz 1",
           "gz 6",
           "gz 9",
           "us/row 1",
           "us/row 6",
           "us/row 9");
    for (i = 0; i < sizeof(SHAPES) / sizeof(SHAPES[0]); i++) {
        struct buffer plain = {0};
        double bytes[3];
        double cost[3];

        shape_rows(&SHAPES[i], &plain);
        for (l = 0; l < 3; l++) {
            struct buffer packed = {0};
            struct bench_time time = bench_start();

            bytes[l] = (double)buffer_gzip(plain.data, plain.size, levels[l], &packed) / ROWS;
            cost[l] = bench_stop(time).cpu_s / ROWS * 1e6;
            buffer_free(&packed);
        }
        printf("  %-50s %7.1f %7.1f %7.1f %7.1f %9.2f %9.2f %9.2f\n",
               SHAPES[i].name,
               (double)plain.size / ROWS,
               bytes[0],
               bytes[1],
               bytes[2],
               cost[0],
               cost[1],
               cost[2]);
        buffer_free(&plain);
    }
}

/* Raw deflate with a dictionary, as a body at rest might be packed. */
static size_t deflate_size(const struct buffer *body, int level, const struct buffer *dictionary)
{
    z_stream stream = {0};
    struct buffer out = {0};
    size_t size;

    bench_check(deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                "deflate",
                NULL);
    if (dictionary != NULL) {
        deflateSetDictionary(&stream, dictionary->data, (uInt)dictionary->size);
    }
    buffer_reserve(&out, deflateBound(&stream, body->size) + 64);
    stream.next_in = body->data;
    stream.avail_in = (uInt)body->size;
    stream.next_out = out.data;
    stream.avail_out = (uInt)out.capacity;
    bench_check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate", NULL);
    size = stream.total_out;
    deflateEnd(&stream);
    buffer_free(&out);
    return size;
}

struct rest {
    double plain;
    double packed[3];
    double cost_us[3];
};

static struct rest
pack_transactions(const struct dose *doses, size_t rows, const struct buffer *dictionary)
{
    struct rest rest = {0};
    size_t at;
    size_t i;
    int way;

    for (at = 0; at + rows <= ROWS; at += rows) {
        struct buffer body = {0};

        for (i = 0; i < rows; i++) {
            dose_encode(&body, &doses[at + i]);
        }
        rest.plain += (double)body.size / ROWS;
        for (way = 0; way < 3; way++) {
            struct bench_time time = bench_start();

            rest.packed[way] +=
                (double)deflate_size(&body, way == 1 ? 6 : 1, way == 2 ? dictionary : NULL) / ROWS;
            rest.cost_us[way] += bench_stop(time).cpu_s / ((double)ROWS / (double)rows) * 1e6;
        }
        buffer_free(&body);
    }
    return rest;
}

static void print_rest(void)
{
    static const size_t sizes[] = {1, 10, 100, 1000};
    struct dose *doses = doses_make(ROWS, KEY_V7, 1);
    struct dose *others = doses_make(5, KEY_V7, 2);
    struct buffer dictionary = {0};
    size_t i;

    for (i = 0; i < 5; i++) {
        dose_encode(&dictionary, &others[i]);
    }
    printf("\nbodies at rest: bytes a row by rows a transaction, and us a transaction\n");
    printf("  %-10s %8s %8s %8s %10s %8s %8s %10s\n",
           "rows",
           "plain",
           "level 1",
           "level 6",
           "1 + 1 KiB",
           "us 1",
           "us 6",
           "us dict");
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct rest rest = pack_transactions(doses, sizes[i], &dictionary);

        printf("  %-10zu %8.1f %8.1f %8.1f %10.1f %8.1f %8.1f %10.1f\n",
               sizes[i],
               rest.plain,
               rest.packed[0],
               rest.packed[1],
               rest.packed[2],
               rest.cost_us[0],
               rest.cost_us[1],
               rest.cost_us[2]);
    }
    buffer_free(&dictionary);
    free(doses);
    free(others);
}

int main(void)
{
    print_wire();
    print_rest();
    return 0;
}
