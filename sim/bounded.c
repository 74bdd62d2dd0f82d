/*
 * The bounds follow from what docs/SYNC.md and docs/BENCHMARKS.md say, and from the settings of the
 * two stores: a log is put away once it is so many pages long, which the next transaction that
 * writes must show.
 */
#include "sim/bounded.h"
#include "sim/look.h"

enum { FRAME_BYTES = 4096 + 24, DEVICE_LOG_PAGES = 1000, SERVER_LOG_PAGES = 8192 };
/* A session puts its log away in steps of their own; what the app writes between two of them waits
 * for none. */
enum { SESSION_LOG_PAGES = 4000 };
enum { DEVICE_LOG_LIMIT = 5242880, KIB = 1024 };
/* Of a sync, and of an exchange: what does not depend on the messages, and how often one of these
 * may be held, or a row that came by an earlier one. An entry that a sync only looks at, as one of
 * a record that is gone, counts as a message: it would be one. */
enum { SYNC_BYTES = 1024 * KIB, SYNC_TIMES = 8, EXCHANGE_BYTES = 1024 * KIB, EXCHANGE_TIMES = 5 };

/* ---- Memory ---- */

static bool is_off;

void sim_bounded_leave_heap(void)
{
    is_off = true;
}

static void
compare(struct sim_world *world, const char *who, int64_t most, int64_t bound, size_t messages)
{
    if (most > bound && !is_off) {
        sim_fail(world,
                 "bounded heap",
                 "%s held %lld KiB at once, where messages of %lld KiB allow for %lld",
                 who,
                 (long long)(most / KIB),
                 (long long)(messages / KIB),
                 (long long)(bound / KIB));
    }
}

size_t sim_bounded_largest(struct sim_device *device)
{
    struct sim_world *world = device->world;
    sqlite3 *db = is_off ? NULL : sim_look_within(world, device->index);
    size_t largest =
        db == NULL
            ? 0
            : (size_t)sim_look_number(world,
                                      db,
                                      "SELECT max(ifnull((SELECT max(size) FROM tern_outbox), 0), "
                                      "ifnull((SELECT max(length(lines)) FROM tern_stage), 0))",
                                      0);

    sim_look_away(world, device->index);
    return largest;
}

struct sim_held sim_bounded_begin(struct sim_device *device, size_t *ret_largest)
{
    *ret_largest = sim_bounded_largest(device);
    return sim_held_mark(device->index);
}

void sim_bounded_end(struct sim_device *device,
                     struct sim_held before,
                     tern_status status,
                     size_t largest)
{
    int64_t most = sim_held_most(device->index, before);

    if (!sim_is_trouble(status)) { /* of which a request that was built may never have gone */
        compare(device->world,
                device->name,
                most,
                SYNC_BYTES + SYNC_TIMES * (int64_t)largest,
                largest);
    }
}

struct sim_held sim_bounded_begin_exchange(void)
{
    return sim_held_mark(SIM_SERVER);
}

static int64_t bound_of_exchange(size_t messages)
{
    return EXCHANGE_BYTES + EXCHANGE_TIMES * (int64_t)messages;
}

/* A short message may change a long row, whose pages SQLite keeps until it is done: none is longer
 * than what came. */
static size_t longest_change(struct sim_world *world)
{
    sqlite3 *db = is_off ? NULL : sim_look_within(world, SIM_SERVER);
    size_t longest =
        db == NULL ? 0
                   : (size_t)sim_look_number(world,
                                             db,
                                             "SELECT ifnull(max(length(body)), 0) FROM tern_entry",
                                             0);

    sim_look_away(world, SIM_SERVER);
    return longest;
}

void sim_bounded_end_exchange(struct sim_world *world,
                              struct sim_held before,
                              size_t request,
                              size_t answer)
{
    int64_t most = sim_held_most(SIM_SERVER, before);
    size_t messages = request + answer;

    if (most > bound_of_exchange(messages)) { /* it is seldom that a row must be asked for */
        messages += longest_change(world);
    }
    compare(world, "the server", most, bound_of_exchange(messages), messages);
}

/* ---- Logs ---- */

static struct sim_disk_log *last_of(struct sim_world *world, int machine)
{
    return machine == SIM_SERVER ? &world->log : &world->devices[machine].log;
}

void sim_bounded_log(struct sim_world *world, int machine)
{
    bool is_server = machine == SIM_SERVER;
    bool is_troubled = is_server ? world->troubled : world->devices[machine].troubled;
    const char *name = is_server ? "the server" : world->devices[machine].name;
    size_t pages = is_server                             ? SERVER_LOG_PAGES
                   : world->devices[machine].writing > 0 ? SESSION_LOG_PAGES
                                                         : DEVICE_LOG_PAGES;
    size_t bound = FRAME_BYTES * pages;
    struct sim_disk *disk = is_server ? world->disk : world->devices[machine].disk;
    struct sim_disk_log *last = last_of(world, machine);
    struct sim_disk_log log;

    sim_disk_log(disk, is_server ? "server.db" : "replica", &log);
    if (log.readers > 0) {
        sim_fail(world, "bounded log", "%s still reads its log when no call is under way", name);
    } else if (log.begun == last->begun && last->filled > bound && log.filled > last->filled) {
        sim_fail(world,
                 "bounded log",
                 "the log of %s has %zu pages and grows on: %zu are put away",
                 name,
                 log.filled / FRAME_BYTES,
                 bound / FRAME_BYTES);
    } else if (!is_server && log.size > DEVICE_LOG_LIMIT + FRAME_BYTES &&
               log.size > log.filled + FRAME_BYTES) {
        sim_fail(world,
                 "bounded log",
                 "the log of %s takes %zu KiB, of which %zu are in use",
                 name,
                 log.size / KIB,
                 log.filled / KIB);
    }
    /* What failed to be put away is so by a later call; and frames of a transaction that failed are
     * counted, too, and written over. */
    log.struck = is_troubled ? log.begun : last->struck;
    *last = log;
    if (log.struck == log.begun) {
        last->filled = 0;
    }
}
