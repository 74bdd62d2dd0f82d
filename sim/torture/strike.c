/* Faults: what each is, how it is armed, and what follows from it. */
#include <stdio.h>

#include "sim/device.h"
#include "sim/fault/fault.h"
#include "sim/memory.h"
#include "sim/server.h"
#include "sim/torture/point.h"

/* ---- Arming ---- */

static const enum sim_disk_fault disk_faults[] = {[TORTURE_KILL] = SIM_DISK_KILL,
                                                  [TORTURE_POWER] = SIM_DISK_POWER,
                                                  [TORTURE_TWICE] = SIM_DISK_KILL,
                                                  [TORTURE_ERROR] = SIM_DISK_ERROR,
                                                  [TORTURE_READ] = SIM_DISK_READ,
                                                  [TORTURE_FULL] = SIM_DISK_FULL};

/* ---- One upon another ---- */

/* What strikes first, and what strikes then, so many of its operations later. */
static const enum torture_fault survived[] = {TORTURE_ERROR,
                                              TORTURE_READ,
                                              TORTURE_FULL,
                                              TORTURE_MEMORY};
static const unsigned steps[] = {1, 2, 5};

enum {
    SECOND_FAULTS = sizeof survived / sizeof *survived,
    SECOND_STEPS = sizeof steps / sizeof *steps
};

static struct {
    struct sim_disk *disk;
    enum torture_fault fault;
    unsigned nth;
} second;

/* The first one has struck. */
static void arm_second(void)
{
    sim_disk_hear(second.disk, NULL);
    fault_hear(NULL);
    if (second.fault == TORTURE_MEMORY) {
        fault_arm(second.nth);
    } else {
        sim_disk_arm(second.disk, disk_faults[second.fault], second.nth);
    }
}

/* The place of the first: the numbers go round the kinds, and evenly over each one's places. */
static struct torture_point first_of(const struct torture_clean *clean,
                                     const struct torture_point *point)
{
    enum torture_fault fault = survived[(point->at - 1) % SECOND_FAULTS];
    unsigned nth = (point->at - 1) / SECOND_FAULTS;
    unsigned last = TORTURE_SECONDS / SECOND_FAULTS - 1;
    unsigned count = clean->counts[fault] > 0 ? clean->counts[fault] - 1 : 0;

    return (struct torture_point){fault, 1 + (unsigned)((uint64_t)nth * count / last), 0};
}

void point_calm(struct sim_world *world, int machine)
{
    sim_disk_hear(point_disk(world, machine), NULL);
    fault_hear(NULL);
    sim_memory_arm(machine, 0);
}

unsigned torture_ways(enum torture_fault fault, bool last)
{
    switch (fault) {
    case TORTURE_POWER:
        return last ? 12 : 3; /* what was promised must be there whatever the dice say */
    case TORTURE_TWICE:
        return 2;
    case TORTURE_ERROR:
    case TORTURE_FULL:
        return 4;
    case TORTURE_READ:
        return 2;
    case TORTURE_SECOND:
        return SECOND_FAULTS * SECOND_STEPS;
    default:
        return 1;
    }
}

static void trouble(struct sim_world *world, int machine)
{
    if (machine == SIM_SERVER) {
        world->troubled = true;
    } else {
        world->devices[machine].troubled = true;
    }
}

static void arm(struct sim_world *world,
                int machine,
                const struct torture_clean *clean,
                const struct torture_point *point)
{
    trouble(world, machine);
    if (point->fault == TORTURE_SECOND) {
        const struct torture_point first = first_of(clean, point);

        second.disk = point_disk(world, machine);
        second.fault = survived[point->way % SECOND_FAULTS];
        second.nth = steps[point->way / SECOND_FAULTS % SECOND_STEPS];
        sim_memory_arm(machine, 0); /* whose allocations are counted */
        arm(world, machine, clean, &first);
        sim_disk_hear(second.disk, first.fault == TORTURE_MEMORY ? NULL : arm_second);
        fault_hear(first.fault == TORTURE_MEMORY ? arm_second : NULL);
        return;
    }
    if (point->fault == TORTURE_MEMORY) {
        sim_memory_arm(machine, point->at);
    } else if (point->fault < TORTURE_MEMORY) {
        sim_disk_reseed(point_disk(world, machine), point->way * 7919 + point->at);
        sim_disk_arm(point_disk(world, machine), disk_faults[point->fault], point->at);
    }
}

/* Fine weather until the exchange that the byte belongs to. */
static json_t *cut_weather(const struct torture_clean *clean, const struct torture_point *point)
{
    const size_t *sizes = point->fault == TORTURE_ANSWER ? clean->answers : clean->requests;
    json_t *weather = json_array();
    size_t at = point->at;
    char text[48];

    for (size_t i = 0; i < clean->exchanges; i++) {
        if (at < sizes[i]) {
            (void)snprintf(text,
                           sizeof text,
                           "%s %zu",
                           point->fault == TORTURE_ANSWER ? "cut" : "request cut",
                           at);
            (void)json_array_append_new(weather, json_string(text));
            break;
        }
        at -= sizes[i];
        (void)json_array_append_new(weather, json_string("fine"));
    }
    return weather;
}

/* ---- Running ---- */

tern_status point_run(struct sim_world *world, json_t *events, json_t *weather)
{
    tern_status status = TERN_OK;
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        json_t *copy = json_copy(event);

        if (weather != NULL) {
            (void)json_object_set(copy, "weather", weather);
        }
        if (status == TERN_OK) {
            status = torture_do(world, copy);
        }
        json_decref(copy);
    }
    return status;
}

/* Whether a failure may be told so where this was the fault. */
static bool is_told_as(enum torture_fault fault, tern_status status)
{
    switch (fault) {
    case TORTURE_MEMORY:
        /* SQLite 3.40 calls JSON that it lacks the memory to look at no JSON. */
        return status == TERN_ERR_NOMEM || status == TERN_ERR_FORMAT;
    case TORTURE_FULL:
        return status == TERN_ERR_DISK_FULL;
    case TORTURE_SECOND: /* by either of the two */
        return status == TERN_ERR_NOMEM || status == TERN_ERR_FORMAT || status == TERN_ERR_IO ||
               status == TERN_ERR_DISK_FULL;
    case TORTURE_ERROR:
    case TORTURE_READ:
        return status == TERN_ERR_IO;
    default:
        return true;
    }
}

/* Whether the fault itself is that its machine dies. */
bool point_is_a_death(const struct torture_point *point)
{
    return point->fault == TORTURE_KILL || point->fault == TORTURE_POWER ||
           point->fault == TORTURE_TWICE;
}

/* Comes up as far as it gets before it dies again, in one of its first writes: of the process or of
 * the power. */
static void die_again(struct sim_world *world, int machine, const struct torture_point *point)
{
    enum { FIRST = 16 };
    bool power = (point->at + point->way) % 2 == 0;
    struct sim_disk *disk = point_disk(world, machine);

    if (machine == SIM_SERVER) {
        sim_server_stop(world);
    } else {
        sim_device_close(&world->devices[machine]);
    }
    sim_disk_revive(disk);
    trouble(world, machine);
    sim_disk_arm(disk,
                 power ? SIM_DISK_POWER : SIM_DISK_KILL,
                 1 + (point->at * 5 + point->way * 3) % FIRST);
    if (machine == SIM_SERVER) {
        (void)sim_server_start(world);
    } else {
        (void)sim_device_open(&world->devices[machine], NULL);
    }
    if (!sim_disk_is_dead(disk)) {
        sim_disk_die(disk, power);
    }
}

/* Whether its machine is dead, now at the latest: of the fault or just behind it. */
bool point_is_deadly(const struct torture_point *point)
{
    switch (point->fault) {
    case TORTURE_KILL:
    case TORTURE_POWER:
    case TORTURE_TWICE:
        return true;
    case TORTURE_ERROR:
    case TORTURE_FULL:
        return point->way >= 2;
    case TORTURE_MEMORY:
        return point->at % 3 == 2;
    default:
        return false;
    }
}

void point_strike(struct sim_world *world,
                  const struct torture_operation *operation,
                  const struct torture_point *point,
                  const struct torture_clean *clean,
                  tern_status *ret_status)
{
    int machine = point_machine(world, operation);
    bool deadly = point_is_a_death(point);
    bool cuts = point->fault == TORTURE_ANSWER || point->fault == TORTURE_REQUEST;
    json_t *weather = cuts ? cut_weather(clean, point) : NULL;
    uint64_t faults = world->faults;

    arm(world, machine, clean, point);
    *ret_status = point_run(world, operation->events, weather);
    json_decref(weather);
    if (point_is_deadly(point) && !deadly) {
        sim_disk_die(point_disk(world, machine), point->way == 3);
    }
    if (deadly && !sim_disk_is_dead(point_disk(world, machine)) && world->faults == faults) {
        sim_disk_die(point_disk(world, machine), point->fault == TORTURE_POWER);
    } else if (point->fault != TORTURE_TWICE && machine != SIM_SERVER && *ret_status != TERN_OK &&
               !is_told_as(point->fault, *ret_status)) {
        sim_fail(world, "status", "the operation gave %s", tern_status_code(*ret_status));
    }
    if (point->fault == TORTURE_TWICE && sim_disk_is_dead(point_disk(world, machine))) {
        die_again(world, machine, point);
    }
}

bool point_reopens(const struct torture_point *point)
{
    if (point->fault == TORTURE_SECOND) {
        return (point->at + point->way) % 2 == 1;
    }
    return point->fault == TORTURE_MEMORY ? point->at % 3 == 1
                                          : point->fault != TORTURE_POWER && point->way == 1;
}
