/* The desktop's ports: clocks that agree with the system's, and randomness that does not repeat. */
#include "tern/platform.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/uuid.h"
#include "tests/harness/harness.h"

static tern_ports desktop_ports(void)
{
    tern_ports ports;

    tern_platform_ports(&ports);
    CHECK(ports.size == sizeof(ports));
    return ports;
}

TEST(the_wall_clock_is_the_systems)
{
    tern_ports ports = desktop_ports();
    int64_t before = (int64_t)time(NULL) * 1000000;
    int64_t now = ports.clock.wall_us(ports.clock.context);

    /* time() may lag behind the clock by a tick. */
    CHECK(now >= before - 1000000 && now <= ((int64_t)time(NULL) + 2) * 1000000);
}

TEST(the_monotonic_clock_never_runs_back)
{
    tern_ports ports = desktop_ports();
    int64_t last = ports.clock.monotonic_us(ports.clock.context);

    CHECK(last > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = ports.clock.monotonic_us(ports.clock.context);

        CHECK(now >= last);
        last = now;
    }
}

TEST(the_boot_id_stays_the_same)
{
    tern_ports ports = desktop_ports();
    tern_id first;
    tern_id second;

    ports.clock.boot_id(ports.clock.context, &first);
    ports.clock.boot_id(ports.clock.context, &second);
    CHECK(trn_id_equal(&first, &second));
}

#ifdef __linux__
TEST(the_boot_id_is_the_one_that_the_system_tells)
{
    tern_ports ports = desktop_ports();
    char told[TRN_ID_TEXT_SIZE + 1] = "00000000-0000-0000-0000-000000000000";
    char text[TRN_ID_TEXT_SIZE + 1];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    tern_id id;

    if (file != NULL) {
        CHECK_INT(fread(told, 1, TRN_ID_TEXT_SIZE, file), TRN_ID_TEXT_SIZE);
        CHECK_INT(fclose(file), 0);
    }
    ports.clock.boot_id(ports.clock.context, &id);
    trn_id_format(&id, text);
    CHECK_TEXT(text, told);
}
#endif

TEST(random_bytes_fill_any_size_exactly_and_use_every_bit)
{
    enum { SIZE = 100, ROUNDS = 64 };
    tern_ports ports = desktop_ports();
    uint8_t ones[SIZE] = {0};
    uint8_t zeros[SIZE] = {0};

    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[SIZE + 1];

        bytes[SIZE] = 0xA5;
        CHECK(ports.random.fill(ports.random.context, bytes, SIZE));
        CHECK_INT(bytes[SIZE], 0xA5);
        for (int i = 0; i < SIZE; i++) {
            ones[i] |= bytes[i];
            zeros[i] |= (uint8_t)~bytes[i];
        }
    }
    /* A bit that stays the same for 64 rounds by chance: once in 10^16 runs. */
    for (int i = 0; i < SIZE; i++) {
        CHECK(ones[i] == 0xFF && zeros[i] == 0xFF);
    }
}
