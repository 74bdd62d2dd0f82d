/* The operator's word on the newest backup. */
#include <stdio.h>
#include <string.h>

#include "server/backup.h"
#include "tests/harness/harness.h"

#define TX "000102030405060708090a0b0c0d0e0f"

/* What the text says to a server of this database; NULL: there is no file. */
static struct trn_backup read_text(const char *text)
{
    const char *database = trn_test_path(trn_test_folder(), "tern.db");
    char name[1024];
    FILE *file;

    (void)snprintf(name, sizeof(name), "%s.backed-up", database);
    (void)remove(name);
    if (text != NULL) {
        file = fopen(name, "w");
        CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    }
    return trn_backup_read(database);
}

TEST(the_backup_job_names_a_number_and_its_transaction)
{
    struct trn_backup backup = read_text("1234 " TX " 55\n");

    CHECK_INT(backup.number, 1234);
    CHECK_INT(backup.received_us, 55);
    CHECK_INT(backup.tx.bytes[0], 0);
    CHECK_INT(backup.tx.bytes[15], 15);
    CHECK_INT(read_text("7 " TX " 1").number, 7);
}

TEST(a_word_that_is_half_written_never_covers_what_the_whole_one_does)
{
    const char *whole = "1234 " TX " 1763600000000000\n";

    for (size_t size = 0; size + 1 < strlen(whole); size += 4) { /* each try takes a folder */
        char text[80];
        struct trn_backup backup;

        (void)snprintf(text, sizeof(text), "%.*s", (int)size, whole);
        backup = read_text(text);
        CHECK(backup.number == 0 || backup.received_us < INT64_C(1763600000000000));
    }
}

TEST(anything_else_covers_nothing)
{
    CHECK_INT(read_text(NULL).number, 0);
    CHECK_INT(read_text("").number, 0);
    CHECK_INT(read_text("1234\n").number, 0);
    CHECK_INT(read_text("1234 " TX "\n").number, 0);
    CHECK_INT(read_text("1234 " TX " \n").number, 0);
    CHECK_INT(read_text("1234 " TX " 5 5\n").number, 0);
    CHECK_INT(read_text("-5 " TX " 5\n").number, 0);
    CHECK_INT(read_text("0 " TX " 5\n").number, 0);
    CHECK_INT(read_text("99999999999999999999 " TX " 5\n").number, 0);
    CHECK_INT(read_text("12 0001020304 5\n").number, 0);
    CHECK_INT(read_text("12 " TX "00 5\n").number, 0);
    CHECK_INT(read_text("12  " TX " 5\n").number, 0);
    CHECK_INT(read_text("12 zz0102030405060708090a0b0c0d0e0f 5\n").number, 0);
}
