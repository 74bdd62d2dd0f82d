/* What erasure does to rows of other records, and the list that outlives a restored backup. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/uuid.h"
#include "server/erase.h"
#include "server/erase_list.h"
#include "tests/unit/server/lab.h"

/* A patient with a prescription by a doctor. */
struct scene {
    struct lab lab;
    struct phone patient;
    struct phone doctor;
};

static void scene_open(struct scene *scene)
{
    struct reply reply;
    struct trn_change change;

    lab_open(&scene->lab);
    phone_open(&scene->patient, &scene->lab, 1, 1);
    phone_open(&scene->doctor, &scene->lab, 2, 2);
    scene->doctor.auth.power = TRN_POWER_OPERATOR;
    phone_insert_user(&scene->doctor, "DOCTOR");
    phone_push(&scene->doctor);
    phone_insert_user(&scene->patient, "PATIENT");
    change = lab_change(&scene->lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 1));
    lab_set(&change, "patient_id", tern_value_id(&scene->patient.auth.user));
    lab_set(&change, "doctor_id", tern_value_id(&scene->doctor.auth.user));
    lab_set(&change, "patient_name", tern_value_text("One"));
    phone_begin(&scene->patient, TRN_ENTRY_RECORDED);
    phone_change(&scene->patient, &change);
    phone_commit(&scene->patient);
    phone_sync(&scene->patient, 100, &reply);
    CHECK_INT(reply.verdict_count, 2);
    CHECK(reply.verdicts[1].kind == TRN_VERDICT_APPLIED);
    reply_free(&reply);
}

static void scene_close(struct scene *scene)
{
    phone_close(&scene->patient);
    phone_close(&scene->doctor);
    lab_close(&scene->lab);
}

static void erase(struct scene *scene, const tern_id *person)
{
    tern_error error = {.status = TERN_OK};

    if (trn_erase(scene->lab.db, person, scene->lab.now_us, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    lab_reopen(&scene->lab);
}

TEST(a_reference_from_another_record_is_emptied_where_the_document_says_so)
{
    struct scene scene;
    struct reply reply;

    scene_open(&scene);
    erase(&scene, &scene.doctor.auth.user);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions WHERE doctor_id IS NULL"),
              1);
    phone_sync(&scene.patient, 100, &reply);
    CHECK_INT(reply.rows, 1);
    CHECK_INT(reply_count(&reply, "prescriptions"), 1);
    CHECK_INT(reply.gones, 0);
    reply_free(&reply);
    scene_close(&scene);
}

TEST(rows_that_hang_on_erased_ones_go_with_them_and_the_numbers_stay)
{
    struct scene scene;
    struct reply reply;

    scene_open(&scene);
    erase(&scene, &scene.patient.auth.user);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 0);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_log WHERE scope <> x''"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry"), 4);
    phone_sync(&scene.patient, 100, &reply);
    CHECK_INT(reply.gones, 1);
    CHECK_INT(reply.rows, 0);
    reply_free(&reply);
    phone_sync(&scene.patient, 100, &reply);
    CHECK_INT(reply.gones, 0);
    reply_free(&reply);
    scene_close(&scene);
}

TEST(an_id_that_was_erased_is_never_written_again)
{
    struct scene scene;
    struct reply reply;

    scene_open(&scene);
    erase(&scene, &scene.patient.auth.user);
    phone_insert_prescription(&scene.patient, lab_id('p', 2), scene.patient.auth.user, "Again");
    phone_sync(&scene.patient, 0, &reply);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_REJECTED);
    CHECK_INT(reply.verdicts[0].code, TERN_ERR_ERASED);
    CHECK_INT(lab_number(&scene.lab, "SELECT max(length(body)) FROM tern_entry WHERE verdict <> 0"),
              0);
    reply_free(&reply);
    scene_close(&scene);
}

/* Ids are their makers' choice, so a stranger's row may bear a patient's own id, or that of a row
 * of theirs in another table. */
static void open_stranger(struct scene *scene, struct phone *stranger)
{
    scene_open(scene);
    phone_insert_medication(&scene->patient, lab_id('m', 1), lab_id('p', 1));
    phone_push(&scene->patient);
    phone_open(stranger, &scene->lab, 3, 3);
    phone_insert_user(stranger, "PATIENT");
    phone_insert_prescription(stranger,
                              scene->patient.auth.user,
                              stranger->auth.user,
                              "The patient's id");
    phone_insert_prescription(stranger, lab_id('m', 1), stranger->auth.user, "The medication's id");
    phone_push(stranger);
}

static void close_stranger(struct scene *scene, struct phone *stranger)
{
    phone_close(stranger);
    scene_close(scene);
}

TEST(who_bears_a_patient_s_id_on_a_row_and_is_erased_takes_nothing_of_theirs_along)
{
    struct scene scene;
    struct phone stranger;
    struct reply reply;

    open_stranger(&scene, &stranger);
    erase(&scene, &stranger.auth.user);
    phone_insert_prescription(&scene.patient, lab_id('p', 2), scene.patient.auth.user, "Two");
    phone_sync(&scene.patient, 100, &reply);
    CHECK_INT(reply.gones, 0);
    CHECK(reply.verdicts[0].kind == TRN_VERDICT_APPLIED);
    reply_free(&reply);
    erase(&scene, &scene.patient.auth.user);
    phone_sync(&scene.patient, 100, &reply);
    CHECK_INT(reply.gones, 1);
    reply_free(&reply);
    close_stranger(&scene, &stranger);
}

static void set_name(struct phone *phone, tern_id id, int64_t base, const char *name)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_UPDATE, "medications", id);

    lab_set(&change, "row_number", tern_value_integer(1));
    lab_set(&change, "medicine_name", tern_value_text(name));
    change.base = base;
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

TEST(a_row_that_shares_its_id_with_an_erased_one_of_another_table_is_still_written)
{
    struct scene scene;
    struct phone stranger;

    open_stranger(&scene, &stranger);
    set_name(&scene.patient, lab_id('m', 1), 0, "Ibuprofen");
    phone_push(&scene.patient);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 1);
    erase(&scene, &stranger.auth.user);
    set_name(&scene.patient, lab_id('m', 1), 0, "Aspirin");
    phone_push(&scene.patient);
    CHECK_TEXT(lab_text(&scene.lab, "SELECT medicine_name FROM medications"), "Aspirin");
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM sync_audit"), 2);
    CHECK_INT(lab_number(&scene.lab,
                         "SELECT count(*) FROM tern_entry WHERE length(body) > 0 AND user = "
                         "(SELECT patient_id FROM prescriptions)"),
              5);
    close_stranger(&scene, &stranger);
}

TEST(the_list_of_the_erased_outlives_a_restored_backup)
{
    struct scene scene;
    tern_error error = {.status = TERN_OK};
    bool known = false;

    scene_open(&scene);
    lab_backup(&scene.lab);
    CHECK_INT(trn_erase_list_add(scene.lab.path, &scene.patient.auth.user, &error), TERN_OK);
    CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error), TERN_OK);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    lab_restore(&scene.lab);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 2);
    CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error), TERN_OK);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(trn_erase_knows(scene.lab.db, &scene.doctor.auth.user, &known, &error), TERN_OK);
    CHECK(known);
    CHECK_INT(trn_erase_knows(scene.lab.db, &scene.patient.auth.user, &known, &error), TERN_OK);
    CHECK(known);
    scene.patient.auth.user.bytes[5] = 1;
    CHECK_INT(trn_erase_knows(scene.lab.db, &scene.patient.auth.user, &known, &error), TERN_OK);
    CHECK(!known);
    scene_close(&scene);
}

/* What was last told to the disk, by whoever calls fsync in this program. */
static ino_t synced[4];
static size_t syncs;

int fsync(int file)
{
    struct stat status;

    CHECK(fstat(file, &status) == 0);
    synced[syncs++ % 4] = status.st_ino;
    return fdatasync(file);
}

static bool was_synced(const char *path)
{
    struct stat status;
    bool was = false;

    CHECK(stat(path, &status) == 0);
    for (size_t i = 0; i < 4; i++) {
        was = was || synced[i] == status.st_ino;
    }
    return was;
}

/* A file that a power cut takes out of its folder names nobody. */
TEST(the_list_of_the_erased_is_durable_in_its_folder)
{
    struct scene scene;
    char name[520];
    char *slash;

    scene_open(&scene);
    (void)snprintf(name, sizeof(name), "%s.erased", scene.lab.path);
    CHECK_INT(trn_erase_list_add(scene.lab.path, &scene.patient.auth.user, NULL), TERN_OK);
    CHECK(was_synced(name));
    slash = strrchr(name, '/');
    CHECK(slash != NULL);
    *slash = '\0';
    CHECK(was_synced(name));
    scene_close(&scene);
}

/* Its size, in lines of an id each. */
static int64_t lines_of(const char *database)
{
    char name[520];
    struct stat status;

    (void)snprintf(name, sizeof(name), "%s.erased", database);
    CHECK(stat(name, &status) == 0);
    return status.st_size / (TRN_ID_TEXT_SIZE + 1);
}

static void erase_by_list(struct scene *scene, const char *database)
{
    lab_restore(&scene->lab);
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM users"), 2);
    CHECK_INT(trn_erase_list_run(scene->lab.db, database, scene->lab.now_us, NULL), TERN_OK);
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM users"), 1);
}

TEST(the_list_of_the_erased_is_found_by_the_file_s_name_and_by_that_of_a_link)
{
    struct scene scene;
    const char *folder = trn_test_folder();
    const char *link = trn_test_path(folder, "link.db");

    scene_open(&scene);
    lab_backup(&scene.lab);
    CHECK(symlink(scene.lab.path, link) == 0);
    CHECK_INT(trn_erase_list_add(link, &scene.patient.auth.user, NULL), TERN_OK);
    CHECK_INT(lines_of(link), 1);
    CHECK_INT(lines_of(scene.lab.path), 1);
    erase_by_list(&scene, scene.lab.path);
    CHECK(unlink(trn_test_path(folder, "link.db.erased")) == 0);
    erase_by_list(&scene, link);
    scene_close(&scene);
}

TEST(a_list_that_two_names_lead_to_gets_one_line)
{
    struct scene scene;
    const char *folder = trn_test_folder();
    const char *link = trn_test_path(folder, "link.db");
    char name[520];

    scene_open(&scene);
    lab_backup(&scene.lab);
    CHECK(symlink(scene.lab.path, link) == 0);
    (void)snprintf(name, sizeof(name), "%s.erased", scene.lab.path);
    CHECK(symlink(name, trn_test_path(folder, "link.db.erased")) == 0);
    CHECK_INT(trn_erase_list_add(link, &scene.patient.auth.user, NULL), TERN_OK);
    CHECK_INT(lines_of(scene.lab.path), 1);
    CHECK_INT(trn_erase_list_add(scene.lab.path, &scene.patient.auth.user, NULL), TERN_OK);
    CHECK_INT(lines_of(scene.lab.path), 2);
    erase_by_list(&scene, link);
    scene_close(&scene);
}

/* The list as a power cut leaves it behind so many bytes of its second line. */
static void tear_list(const char *name, const char *first, const char *second, size_t size)
{
    FILE *file = fopen(name, "w");

    CHECK(file != NULL && fputs(first, file) >= 0);
    CHECK(fwrite(second, 1, size, file) == size && fclose(file) == 0);
}

/* Its last line; a static buffer. */
static const char *last_line(const char *name)
{
    static char line[64];
    FILE *file = fopen(name, "r");

    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        CHECK_INT(strlen(line), TRN_ID_TEXT_SIZE + 1);
    }
    CHECK(fclose(file) == 0);
    return line;
}

TEST(a_list_torn_at_any_byte_still_names_whom_it_named_and_takes_another)
{
    const tern_id other = lab_id('o', 1);
    char first[TRN_ID_TEXT_SIZE + 2] = "";
    char second[TRN_ID_TEXT_SIZE + 2] = "";
    struct scene scene;
    char name[sizeof(scene.lab.path) + 8];
    tern_error error = {.status = TERN_OK};

    scene_open(&scene);
    (void)snprintf(name, sizeof(name), "%s.erased", scene.lab.path);
    trn_id_format(&scene.patient.auth.user, first);
    trn_id_format(&other, second);
    first[TRN_ID_TEXT_SIZE] = '\n';
    second[TRN_ID_TEXT_SIZE] = '\n';
    for (size_t size = 0; size <= TRN_ID_TEXT_SIZE + 1; size++) {
        tear_list(name, first, second, size);
        CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error),
                  TERN_OK);
        CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
        CHECK_INT(trn_erase_list_add(scene.lab.path, &other, &error), TERN_OK);
        CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error),
                  TERN_OK);
        CHECK_TEXT(last_line(name), second);
    }
    scene_close(&scene);
}

/* Some file systems have a file's new length before its bytes: these are zeros after a power cut.
 */
TEST(a_list_that_ends_in_zeros_still_names_who_is_added_behind_them)
{
    static const char zeros[TRN_ID_TEXT_SIZE + 2] = "";
    char first[TRN_ID_TEXT_SIZE + 2] = "";
    struct scene scene;
    char name[sizeof(scene.lab.path) + 8];
    tern_error error = {.status = TERN_OK};

    scene_open(&scene);
    (void)snprintf(name, sizeof(name), "%s.erased", scene.lab.path);
    trn_id_format(&scene.patient.auth.user, first);
    first[TRN_ID_TEXT_SIZE] = '\n';
    for (size_t size = 1; size <= TRN_ID_TEXT_SIZE + 1; size += TRN_ID_TEXT_SIZE) {
        tear_list(name, first, zeros, size);
        CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error),
                  TERN_OK);
        CHECK_INT(trn_erase_list_add(scene.lab.path, &scene.doctor.auth.user, &error), TERN_OK);
        CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error),
                  TERN_OK);
        CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 0);
    }
    scene_close(&scene);
}

TEST(a_damaged_list_is_refused)
{
    struct scene scene;
    tern_error error = {.status = TERN_OK};
    char name[sizeof(scene.lab.path) + 8];
    FILE *file;

    scene_open(&scene);
    (void)snprintf(name, sizeof(name), "%s.erased", scene.lab.path);
    file = fopen(name, "w");
    CHECK(file != NULL && fputs("nobody\n", file) >= 0 && fclose(file) == 0);
    CHECK_INT(trn_erase_list_run(scene.lab.db, scene.lab.path, scene.lab.now_us, &error),
              TERN_ERR_CORRUPT);
    scene_close(&scene);
}

TEST(erasing_works_or_runs_out_of_memory_and_then_changes_nothing)
{
    struct scene scene;
    tern_error error = {.status = TERN_OK};
    tern_status status = TERN_OK;

    scene_open(&scene);
    FOR_EACH_ALLOC_FAILURE (nth) {
        memset(&error, 0, sizeof(error));
        status = trn_erase(scene.lab.db, &scene.patient.auth.user, scene.lab.now_us, &error);
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    CHECK_INT(status, TERN_OK);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM prescriptions"), 0);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM tern_entry"), 4);
    scene_close(&scene);
}
