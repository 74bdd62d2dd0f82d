/* The texts of all statements. Every read goes by an index, which a test sees in SQLite's plans. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "medication/source.h"
#include "medication/sums.h"

/* The columns that trn_source_read reads, of medications m, prescriptions p, users u and
 * meal_time_preferences t: as they are prescribed now, or as they were THEN (see IN_FORCE). */
/* Slots whose dosage is one, an object; bits 3 to 5: of those where something else stands. */
#define HAS(type, column, bit)                                                                     \
    "CASE coalesce(" type(column) ",'null') WHEN 'object' THEN 1 WHEN 'null' THEN 0 ELSE 8 "       \
                                  "END*" bit "|"
#define BEFORE(said, column, bit) "(" said(column) " IS 'true')*" bit "|"
#define SLOTS(has, of)                                                                             \
    has(of, "morning_dosage", "1") has(of, "daytime_dosage", "2") has(of, "night_dosage", "4") "0" \
                                                                                               ","
/* Of the days on which it was put in force by those who had not heard of each other, the first
 * under which a dose was recorded, else the first. */
#define FIRST_DAY(is_taken)                                                                        \
    "(SELECT min(b.begins_on) FROM prescription_beginnings b WHERE b.prescription_id=p.id AND "    \
    "b.is_taken=" is_taken " AND b.deleted_at IS NULL)"
#define BEGINS_ON "coalesce(" FIRST_DAY("1") "," FIRST_DAY("0") ")"
#define DATES(date) date("start_date") "," BEGINS_ON ",p.created_at," date("end_date") ","
#define WORDS(of) of("frequency") "," of("timing") "," of("is_prn") ","
#define MEALS "t.morning_meal,t.afternoon_meal,t.night_meal,"
#define GRACE "coalesce(u.grace_period_minutes,30),"
#define STATE(was, stands) was ",p.deleted_at IS NULL AND " stands ",p.status='ACTIVE'"
/* Of all that turned it, whoever had heard of whom, in order; at one moment it begins after it has
 * ceased. */
#define TURN(of, where, by)                                                                        \
    "(SELECT " of " FROM prescription_turns k WHERE k.prescription_id=p.id AND k.deleted_at IS "   \
    "NULL" where " ORDER BY k.turned_at" by ",k.begins" by " LIMIT 1)"
#define ZONE "coalesce(u.time_zone,'Asia/Phnom_Penh'),"
#define DURATION(of) of("duration") "," of("starts_on") "," of("first_minute") ","
#define SOURCE_OF(of, type, said, date, was, stands)                                               \
    ZONE DATES(date) DURATION(of) SLOTS(HAS, type) SLOTS(BEFORE, said) WORDS(of) MEALS GRACE       \
    STATE(was, stands)
#define NOW(column) "m." column
#define NOW_TYPE(column) "json_type(m." column ")"
#define NOW_SAID(column) "json_type(m." column ",'$.before_meal')"
#define NOW_DATE(column) "p." column
#define SOURCE SOURCE_OF(NOW, NOW_TYPE, NOW_SAID, NOW_DATE, "NULL", "m.deleted_at IS NULL")
#define THEN(column) "iif(w.id IS NULL,m." column ",json_extract(j.value,'$." column "'))"
#define THEN_TYPE(column) "iif(w.id IS NULL," NOW_TYPE(column) ",json_type(j.value,'$." column "'))"
#define THEN_SAID(column)                                                                          \
    "iif(w.id IS NULL," NOW_SAID(column) ",json_type(j.value,'$." column ".before_meal'))"
#define THEN_DATE(column)                                                                          \
    "iif(json_type(j.value,'$." column "') IS NULL,p." column ",json_extract(j.value,'$." column   \
    "'))"
#define SOURCE_THEN                                                                                \
    SOURCE_OF(THEN,                                                                                \
              THEN_TYPE,                                                                           \
              THEN_SAID,                                                                           \
              THEN_DATE,                                                                           \
              WAS_ACTIVE,                                                                          \
              "iif(w.id IS NULL,m.deleted_at IS NULL,j.value IS NOT NULL)")
/* Of a dose d without a record that had passed by ?5 the version w that was in force when it
 * passed, unless that is the current one, and what it says of the medication, j. */
#define PASSES "d.scheduled_time+d.grace_minutes*60000000"
/* Whether its prescription was active when it passed, by the last turn until then and the next
 * behind; null: there is none behind, and the status says it. */
#define WAS_ACTIVE                                                                                 \
    "iif(next.id IS NULL,NULL,coalesce(" TURN("k.begins",                                          \
                                              " AND k.turned_at<=" PASSES,                         \
                                              " DESC") ",NOT next.begins))"
/* Nobody said what became of it: what a rule has stored is no more than another reader infers. */
#define GUESSED "(d.status='MISSED' AND d.flags='" TRN_INFERRED "')"
#define UNSAID "(d.status='DUE' OR " GUESSED ")"
#define VERSION_OF                                                                                 \
    "(SELECT v.id FROM prescription_versions v WHERE v.prescription_id=p.id AND v.deleted_at IS "  \
    "NULL "
#define IN_FORCE                                                                                   \
    " LEFT JOIN prescription_turns next ON " UNSAID " AND " PASSES "<?5 AND next.id=" TURN(        \
        "k.id",                                                                                    \
        " AND k.turned_at>" PASSES,                                                                \
        "") " LEFT JOIN prescription_versions w ON " UNSAID " AND " PASSES                         \
            "<?5 AND w.id=coalesce(" VERSION_OF "AND v.created_at<=" PASSES                        \
            " ORDER BY v.version_number DESC LIMIT 1)," VERSION_OF                                 \
            "ORDER BY v.version_number LIMIT 1)) AND w.version_number<p.current_version"           \
            " LEFT JOIN json_each(w.medications_snapshot) j"                                       \
            " ON CASE j.type WHEN 'object' THEN json_extract(j.value,'$.id')=tern_id_text(m.id) "  \
            "END"
/* What is taken at a dose d. */
#define AT(slot, column)                                                                           \
    " WHEN '" slot "' THEN iif(json_type(m." column ")='object',m." column ",NULL)"
#define DOSAGE                                                                                     \
    "CASE d.slot" AT("MORNING", "morning_dosage") AT("DAYTIME", "daytime_dosage")                  \
        AT("NIGHT", "night_dosage") " END"
/* Doses d, as they are shown. */
#define DOSES                                                                                      \
    "SELECT " SOURCE_THEN ",d.id,d.prescription_id,d.medication_id,d.scheduled_time,d.slot,"       \
    "d.time_period,d.reminder_time,d.grace_minutes,d.status,d.taken_at,d.skip_reason,d.flags,"     \
    "d.was_offline,m.medicine_name,m.medicine_name_khmer," DOSAGE ",d.local_date"                  \
    " FROM dose_events d JOIN medications m ON m.id=d.medication_id"                               \
    " JOIN prescriptions p ON p.id=d.prescription_id" OF_PATIENT IN_FORCE
#define OF_PATIENT                                                                                 \
    " LEFT JOIN users u ON u.id=p.patient_id"                                                      \
    " LEFT JOIN meal_time_preferences t ON t.user_id=p.patient_id AND t.deleted_at IS NULL"

/* Medications m whose doses are scheduled. */
#define IN_USE                                                                                     \
    " FROM prescriptions p JOIN medications m ON m.prescription_id=p.id" OF_PATIENT                \
    " WHERE p.patient_id=?1 AND p.status='ACTIVE' AND p.deleted_at IS NULL"                        \
    " AND m.deleted_at IS NULL"
/* The entry with which a medication and all that is written of it comes to the server, or not: what
 * shares it may share a transaction. 0: the server has the medication. */
#define FATE "tern_unsent('medications',m.id)"

/* A medication m, and a prescription p with its current version v. */
#define MEDICATION                                                                                 \
    "m.id,m.prescription_id,m.row_number,m.medicine_name,m.medicine_name_khmer,m.image_url,"       \
    "m.morning_dosage,m.daytime_dosage,m.night_dosage,m.frequency,m.timing,m.duration,m.is_prn,"   \
    "m.prn_times"
#define PRESCRIPTION                                                                               \
    "p.id,p.patient_id,p.doctor_id,p.patient_name,p.patient_gender,p.patient_age,p.symptoms,"      \
    "p.diagnosis,p.start_date,coalesce(p.start_date," BEGINS_ON "),p.end_date,p.status,"           \
    "p.is_urgent,p.urgent_reason,p.created_at,"                                                    \
    "p.current_version,v.created_at,v.author_id,v.change_reason,"                                  \
    "(SELECT count(*) FROM medications c WHERE c.prescription_id=p.id AND c.deleted_at IS NULL)"
#define WITH_VERSION                                                                               \
    " LEFT JOIN prescription_versions v ON v.prescription_id=p.id"                                 \
    " AND v.version_number=p.current_version AND v.deleted_at IS NULL"
/* The audit log: acts and what was set aside, each a page of it, merged by time. */
#define ACTS                                                                                       \
    "SELECT 0,a.id AS id,a.created_at AS time,a.actor_id,a.actor_role,a.action_type,"              \
    "a.resource_type,a.resource_id,a.details,NULL,NULL,NULL,NULL,"                                 \
    "coalesce(json_extract(a.details,'$.undone'),0) FROM audit_logs a WHERE "
#define SET_ASIDE                                                                                  \
    "SELECT 1,s.id,s.created_at,NULL,NULL,s.rule,s.table_name,s.row_id,s.lost_values,"             \
    "s.kept_values,s.unit,s.lost_time,s.kept_time,0 FROM sync_audit s WHERE "
#define PAGE(of)                                                                                   \
    " AND (" of ".created_at," of ".id)<(?2,?3) AND " of ".deleted_at IS NULL ORDER BY " of        \
    ".created_at DESC," of ".id DESC LIMIT ?4"
#define AUDIT(acts, set_aside)                                                                     \
    "SELECT * FROM (" ACTS acts PAGE("a") ") UNION ALL SELECT * FROM (" SET_ASIDE set_aside PAGE(  \
        "s") ") ORDER BY time DESC,id DESC LIMIT ?4"
/* Whether the dose d that an alert is about has a record. */
#define IS_OVER "coalesce(d.status IN ('TAKEN_ON_TIME','TAKEN_LATE','SKIPPED'),0)"
/* The alert n of somebody that would be made of a row; its type is a condition's. */
#define ALERT_OF(condition, type, other, about)                                                    \
    " LEFT JOIN notifications n ON n.id=tern_key('notifications',?1,iif(" condition ",'" type      \
    "','" other "')," about ")"
#define OF_SNAPSHOT(name) ",json_extract(j.value,'$." name "')"
#define SNAPSHOT(prescription)                                                                     \
    "CASE WHEN j.value IS NOT NULL THEN tern_id_blob(json_extract(j.value,'$.id')) "               \
    "END," prescription OF_SNAPSHOT("row_number") OF_SNAPSHOT("medicine_name")                     \
        OF_SNAPSHOT("medicine_name_khmer") OF_SNAPSHOT("image_url") OF_SNAPSHOT("morning_dosage")  \
            OF_SNAPSHOT("daytime_dosage") OF_SNAPSHOT("night_dosage") OF_SNAPSHOT("frequency")     \
                OF_SNAPSHOT("timing") OF_SNAPSHOT("duration") OF_SNAPSHOT("is_prn")                \
                    OF_SNAPSHOT("prn_times")

/* What is prescribed by ?1 now, as a version keeps it. */
#define SNAPSHOT_NOW                                                                               \
    "(SELECT json_group_array(json_object('id',tern_id_text(id),'row_number',row_number,"          \
    "'medicine_name',medicine_name,'medicine_name_khmer',medicine_name_khmer,"                     \
    "'image_url',image_url,'morning_dosage',json(morning_dosage),"                                 \
    "'daytime_dosage',json(daytime_dosage),'night_dosage',json(night_dosage),"                     \
    "'frequency',frequency,'duration',duration,'timing',timing,"                                   \
    "'is_prn',json(iif(is_prn,'true','false')),'prn_times',json(prn_times),"                       \
    "'starts_on',starts_on,'first_minute',first_minute,"                                           \
    "'start_date',start_date,'end_date',end_date))"                                                \
    " FROM (SELECT m.*,p.start_date,p.end_date FROM medications m JOIN prescriptions p"            \
    " ON p.id=m.prescription_id WHERE m.prescription_id=?1 AND m.deleted_at IS NULL"               \
    " ORDER BY m.row_number,m.id))"

/* Sums of adherence: of days, and of a span as its whole months and the days at both edges. */
#define FOUR "on_time,late,skipped,missed"
#define COUNTS                                                                                     \
    ",coalesce(sum(on_time),0),coalesce(sum(late),0),coalesce(sum(skipped),0),"                    \
    "coalesce(sum(missed),0) FROM "
#define OF_ALL " WHERE patient_id=?1 AND local_date BETWEEN ?2 AND ?3 AND passes<?4"
#define OF_ONE                                                                                     \
    "care_day INDEXED BY care_day_medication WHERE patient_id=?1 AND medication_id=?5"             \
    " AND local_date BETWEEN ?2 AND ?3 AND passes<?4"
#define MONTHS                                                                                     \
    " FROM care_month m WHERE m.patient_id=?1 AND m.month>=substr(?6,1,7)"                         \
    " AND m.month<substr(?7,1,7)"
#define EDGES(columns, table, one)                                                                 \
    " UNION ALL SELECT " columns "," FOUR " FROM " table " m WHERE patient_id=?1"                  \
    " AND local_date>=?2 AND local_date<?6 AND passes<?4" one " UNION ALL SELECT " columns         \
    "," FOUR " FROM " table " m WHERE patient_id=?1"                                               \
    " AND local_date>=?7 AND local_date<=?3 AND passes<?4" one
#define SPAN(columns, table, one)                                                                  \
    "(SELECT " columns " AS key," FOUR MONTHS " AND m.passes<?4" one " UNION ALL SELECT " columns  \
    ",d.on_time,d.late,d.skipped,d.missed" OPEN_MONTHS one                                         \
    EDGES(columns, table, one) ") k"
#define OPEN_MONTHS                                                                                \
    " FROM care_month m CROSS JOIN care_day d WHERE m.patient_id=?1"                               \
    " AND m.month>=substr(?6,1,7) AND m.month<substr(?7,1,7) AND m.passes>=?4"                     \
    " AND d.patient_id=?1 AND d.medication_id=m.medication_id AND d.night=m.night"                 \
    " AND d.local_date BETWEEN m.month||'-01' AND m.month||'-31' AND d.passes<?4"
#define ONE " AND m.medication_id=?5"
#define GONE                                                                                       \
    "(SELECT n.first FROM tern_noted n LEFT JOIN users u ON u.id=n.first"                          \
    " WHERE n.name='care.users' AND u.id IS NULL)"
#define RULES                                                                                      \
    "('care.users','care.prescriptions','care.beginnings','care.turns','care.medications',"        \
    "'care.meals')"

static const char *const texts[TRN_SQL_COUNT] = {
    [TRN_SQL_NOW] = "SELECT tern_now()",
    [TRN_SQL_PATIENT] = "SELECT time_zone,grace_period_minutes FROM users WHERE id=?1 AND "
                        "deleted_at IS NULL",
    [TRN_SQL_DAY] =
        DOSES " WHERE d.patient_id=?1 AND d.scheduled_time>=?2 AND d.scheduled_time<?3"
              " AND d.local_date=?4 AND d.deleted_at IS NULL ORDER BY d.scheduled_time,d.id",
    [TRN_SQL_DOSE_READ] = DOSES " WHERE d.id=?1 AND d.deleted_at IS NULL",
    [TRN_SQL_FATE] =
        "SELECT coalesce(max(f.fate),0) FROM (SELECT " FATE " AS fate" IN_USE ") f WHERE f.fate<?2",
    [TRN_SQL_REGIMENS] = "SELECT " SOURCE ",m.id,p.id" IN_USE " AND " FATE "=?2",
    [TRN_SQL_PLANNED] =
        "SELECT k.id,iif(" GUESSED
        ",'DUE',d.status),d.scheduled_time,d.reminder_time,d.time_period FROM "
        "(SELECT tern_key('dose_events',?1,?2,?3) AS id) k LEFT JOIN dose_events d ON d.id=k.id",
    [TRN_SQL_HAS_DOSES] = "SELECT EXISTS(SELECT 1 FROM dose_events WHERE medication_id=?1)",
    [TRN_SQL_DOSE] = "SELECT status,scheduled_time,grace_minutes,slot,patient_id FROM dose_events"
                     " WHERE id=?1 AND deleted_at IS NULL",
    /* Of a dose whose prescription names no start and is not settled: on which days it was put in
     * force, the one that stands first; nobody has many. */
    [TRN_SQL_BEGINNINGS] =
        "SELECT " SOURCE ",b.begins_on,p.id,d.local_date,d.slot FROM dose_events d"
        " JOIN prescriptions p ON p.id=d.prescription_id"
        " JOIN prescription_beginnings b ON b.prescription_id=p.id AND b.is_taken=0"
        " AND b.deleted_at IS NULL JOIN medications m ON m.id=d.medication_id" OF_PATIENT
        " WHERE d.id=?1 AND p.start_date IS NULL AND " FIRST_DAY(
            "1") " IS NULL ORDER BY b.begins_on LIMIT 32",
    [TRN_SQL_WAITING] =
        "SELECT " SOURCE_THEN ",d.id,d.scheduled_time,d.grace_minutes,d.local_date,d.slot"
        ",d.flags,m.id,m.medicine_name,m.medicine_name_khmer," DOSAGE
        " FROM dose_events d JOIN medications m ON m.id=d.medication_id"
        " JOIN prescriptions p ON p.id=d.prescription_id" OF_PATIENT IN_FORCE
        " WHERE d.patient_id=?1 AND d.scheduled_time>=?2 AND d.scheduled_time<?3"
        " AND (d.scheduled_time,d.id)>(?2,?4) AND " UNSAID
        " AND d.deleted_at IS NULL ORDER BY d.scheduled_time,d.id LIMIT ?6",
    /* So many rows are walked, whatever they say; what is looked up is of those that wait. */
    [TRN_SQL_PASSED] =
        "SELECT " SOURCE_THEN ",d.id,d.scheduled_time,d.grace_minutes,d.local_date,d.slot"
        ",d.flags,p.id IS NOT NULL,iif(p.id IS NOT NULL," FATE
        ",0) FROM (SELECT * FROM dose_events WHERE patient_id=?1"
        " AND scheduled_time>=?2 AND scheduled_time<?3 AND (scheduled_time,id)>(?2,?4)"
        " ORDER BY scheduled_time,id LIMIT ?6) d"
        " LEFT JOIN medications m ON d.status='DUE' AND d.deleted_at IS NULL"
        " AND m.id=d.medication_id LEFT JOIN prescriptions p ON m.id IS NOT NULL"
        " AND p.id=d.prescription_id" OF_PATIENT IN_FORCE " ORDER BY d.scheduled_time,d.id",
    [TRN_SQL_MEDICATION] = "SELECT " SOURCE ",p.id,p.patient_id," TURN(
        "1",
        "",
        "") " IS NOT NULL FROM medications m"
            " JOIN prescriptions p ON p.id=m.prescription_id" OF_PATIENT
            " WHERE m.id=?1 AND m.deleted_at IS NULL AND p.deleted_at IS NULL",
    [TRN_SQL_PRN_TIMES] =
        "SELECT " SOURCE ",m.id,j.value,m.medicine_name,m.medicine_name_khmer,"
        "(SELECT group_concat(hex(tern_key('dose_events',m.id,k.value,'PRN '||j.value)),'')"
        " FROM json_each(?2) k) FROM prescriptions p"
        " JOIN medications m ON m.prescription_id=p.id" OF_PATIENT
        " JOIN json_each(m.prn_times) j WHERE p.patient_id=?1 AND p.status='ACTIVE'"
        " AND p.deleted_at IS NULL AND m.is_prn AND m.deleted_at IS NULL AND j.type='text'",
    [TRN_SQL_DOSAGE] =
        "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) IN ('object','null') AND NOT EXISTS"
        "(SELECT 1 FROM json_each(?1) GROUP BY key HAVING count(*)>1"
        " OR (key='before_meal' AND type NOT IN ('true','false'))"
        " OR (key='amount' AND (type=typeof(atom) AND atom>0 AND atom<1e308) IS NOT 1)) ELSE 0 END",
    [TRN_SQL_WORDS_STAND] =
        "SELECT 1 FROM medications WHERE id=?1 AND prescription_id=?2 AND deleted_at IS NULL"
        " AND frequency IS ?3 AND timing IS ?4 AND morning_dosage IS ?5 AND daytime_dosage IS ?6"
        " AND night_dosage IS ?7 AND is_prn IS ?8",
    [TRN_SQL_TEXT_STANDS] =
        "SELECT 1 FROM prescriptions WHERE id=?1 AND ?2 IS NULL AND deleted_at IS NULL"
        " AND ?4=CASE ?3 WHEN 'symptoms' THEN symptoms WHEN 'diagnosis' THEN diagnosis"
        " WHEN 'urgent_reason' THEN urgent_reason END UNION ALL "
        "SELECT 1 FROM medications WHERE id=?2 AND prescription_id=?1 AND deleted_at IS NULL"
        " AND ?4=CASE ?3 WHEN 'image_url' THEN image_url WHEN 'morning_dosage' THEN morning_dosage"
        " WHEN 'daytime_dosage' THEN daytime_dosage WHEN 'night_dosage' THEN night_dosage END",
    [TRN_SQL_PRESCRIPTION] =
        "SELECT "
        "patient_id,status,current_version,start_date,created_at,end_date," BEGINS_ON
        ",updated_at FROM prescriptions p WHERE id=?1 AND deleted_at IS NULL",
    [TRN_SQL_MEDICATIONS] =
        "SELECT id FROM medications WHERE prescription_id=?1 AND deleted_at IS NULL",
    [TRN_SQL_SETTINGS] =
        "SELECT u.language,u.theme,u.grace_period_minutes,u.time_zone,t.id,t.deleted_at,"
        "t.morning_meal,t.afternoon_meal,t.night_meal FROM users u"
        " LEFT JOIN meal_time_preferences t ON t.id=tern_key('meal_time_preferences',u.id)"
        " WHERE u.id=?1 AND u.deleted_at IS NULL",
    [TRN_SQL_DOSE_MOVE] = "UPDATE dose_events SET scheduled_time=?2,time_period=?3,"
                          "reminder_time=?4,grace_minutes=?5 WHERE id=?1",
    [TRN_SQL_DOSE_RECORD] = "UPDATE dose_events SET status=?2,taken_at=?3,skip_reason=?4,"
                            "was_offline=?5,flags=?6 WHERE id=?1",
    [TRN_SQL_DOSE_MISS] =
        "UPDATE dose_events SET status='MISSED',flags='" TRN_INFERRED "' WHERE id=?1",
    [TRN_SQL_PRN_INSERT] =
        "INSERT INTO dose_events(id,prescription_id,medication_id,patient_id,scheduled_time,"
        "local_date,slot,time_period,grace_minutes,status,taken_at,was_offline,flags)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,'TAKEN_ON_TIME',?5,?10,?11)",
    [TRN_SQL_ACTION] =
        "INSERT INTO audit_logs(id,actor_id,actor_role,action_type,resource_type,resource_id,"
        "details) VALUES(tern_id(),?1,(SELECT role FROM users WHERE id=?1),?2,?3,?4,?5)",
    [TRN_SQL_BEGINNING] =
        "INSERT INTO prescription_beginnings(id,prescription_id,begins_on,is_taken)"
        " VALUES(tern_key('prescription_beginnings',?1,?2,?3),?1,?2,?3)",
    [TRN_SQL_LAST_TURN] = "SELECT turned_at,begins FROM prescription_turns WHERE prescription_id=?1"
                          " AND deleted_at IS NULL ORDER BY turned_at DESC,begins DESC LIMIT 1",
    /* It is there only where a turn at the end of time was. */
    [TRN_SQL_TURN] =
        "INSERT INTO prescription_turns(id,prescription_id,turned_at,begins) SELECT k.id,?1,?2,?3"
        " FROM (SELECT tern_key('prescription_turns',?1,?2,?3) AS id) k"
        " WHERE NOT EXISTS(SELECT 1 FROM prescription_turns t WHERE t.id=k.id)",
    [TRN_SQL_VERSION] =
        "INSERT INTO prescription_versions(id,prescription_id,version_number,author_id,"
        "change_reason,medications_snapshot)"
        " VALUES(tern_key('prescription_versions',?1,?2),?1,?2,?3,?4," SNAPSHOT_NOW ")",
    [TRN_SQL_VERSION_BEFORE] =
        "INSERT INTO prescription_versions(id,created_at,prescription_id,version_number,"
        "medications_snapshot) SELECT tern_key('prescription_versions',id,current_version),"
        "created_at,id,current_version," SNAPSHOT_NOW " FROM prescriptions WHERE id=?1 AND NOT "
        "EXISTS(SELECT 1 FROM prescription_versions v WHERE v.prescription_id=?1 AND "
        "v.version_number=current_version)",
    [TRN_SQL_SUMS_NOTED] =
        "SELECT EXISTS(SELECT 1 FROM tern_noted WHERE name IN " RULES ")"
        " OR EXISTS(SELECT 1 FROM tern_noted WHERE name='care.doses' AND first=?1 AND second<=?2)"
        " OR EXISTS(SELECT 1 FROM care_again WHERE patient_id=?1 AND local_date<=?2)",
    [TRN_SQL_SUMS_AGAIN] = "SELECT local_date FROM care_again WHERE patient_id=?1"
                           " AND local_date<=?2 ORDER BY local_date LIMIT ?3",
    [TRN_SQL_SUMS_HAS] = "SELECT 1 FROM care_total WHERE patient_id=?1 AND local_date=?2 LIMIT 1",
    [TRN_SQL_SUMS_ALL] = "SELECT 0" COUNTS SPAN("0", "care_total", ""),
    /* A day that has passed whole is one row; the few others are added up. */
    [TRN_SQL_SUMS_BY_DAY] =
        "SELECT local_date," FOUR " FROM care_date" OF_ALL " UNION ALL SELECT t.local_date,"
        "sum(t.on_time),sum(t.late),sum(t.skipped),sum(t.missed) FROM care_date e"
        " CROSS JOIN care_total t WHERE e.patient_id=?1 AND e.local_date BETWEEN ?2 AND ?3"
        " AND e.passes>=?4 AND t.patient_id=?1 AND t.local_date=e.local_date AND t.passes<?4"
        " GROUP BY t.local_date ORDER BY 1",
    [TRN_SQL_SUMS_BY_PERIOD] =
        "SELECT key" COUNTS SPAN("m.night", "care_total", "") " GROUP BY key",
    [TRN_SQL_SUMS_BY_MEDICATION] =
        "SELECT key" COUNTS SPAN("m.medication_id", "care_day", "") " GROUP BY key",
    [TRN_SQL_SUMS_ONE_ALL] = "SELECT 0" COUNTS SPAN("0", "care_day", ONE),
    [TRN_SQL_SUMS_ONE_BY_DAY] = "SELECT local_date" COUNTS OF_ONE " GROUP BY local_date",
    [TRN_SQL_SUMS_ONE_BY_PERIOD] =
        "SELECT key" COUNTS SPAN("m.night", "care_day", ONE) " GROUP BY key",
    [TRN_SQL_SUMS_ONE_BY_MEDICATION] =
        "SELECT key" COUNTS SPAN("m.medication_id", "care_day", ONE) " GROUP BY key",
    [TRN_SQL_SUMS_SINCE] = "SELECT since FROM care_mark",
    [TRN_SQL_SUMS_MARKED] = "SELECT definition FROM care_mark",
    [TRN_SQL_SUMS_MARK] = "INSERT INTO care_mark(definition,since) VALUES(?1,?2)",
    [TRN_SQL_SUMS_REMARK] = "UPDATE care_mark SET definition=?1",
    [TRN_SQL_SUMS_ADD] = "INSERT INTO care_day(patient_id,local_date,medication_id,night,passes,"
                         "on_time,late,skipped,missed) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [TRN_SQL_SUMS_TOTAL] =
        "INSERT INTO care_total(patient_id,local_date,night,passes,on_time,late,skipped,missed)"
        " SELECT patient_id,local_date,night,passes,sum(on_time),sum(late),sum(skipped),"
        "sum(missed) FROM care_day WHERE patient_id=?1 AND local_date=?2 GROUP BY night,passes",
    [TRN_SQL_SUMS_MONTH] =
        "INSERT INTO care_month(patient_id,month,medication_id,night,passes," FOUR
        ") SELECT patient_id,?2," TRN_MONTH_SUMS
        " FROM care_day WHERE patient_id=?1 AND local_date BETWEEN ?2||'-01'"
        " AND ?2||'-31' AND passes<" TRN_NEVER " GROUP BY medication_id,night",
    [TRN_SQL_SUMS_DATE] =
        "INSERT INTO care_date(patient_id,local_date,passes," FOUR
        ") SELECT patient_id,local_date," TRN_DATE_SUMS
        " FROM care_total WHERE patient_id=?1 AND local_date=?2 AND passes<" TRN_NEVER
        " GROUP BY local_date",
    [TRN_SQL_SUMS_DROP_DATE] = "DELETE FROM care_date WHERE patient_id=?1 AND local_date=?2",
    [TRN_SQL_SUMS_DROP_MONTH] = "DELETE FROM care_month WHERE patient_id=?1 AND month=?2",
    [TRN_SQL_SUMS_DROP_DAY] = "DELETE FROM care_day WHERE patient_id=?1 AND local_date=?2",
    [TRN_SQL_SUMS_DROP_TOTAL] = "DELETE FROM care_total WHERE patient_id=?1 AND local_date=?2",
    [TRN_SQL_SUMS_DONE] = "DELETE FROM care_again WHERE patient_id=?1 AND local_date=?2",
    [TRN_SQL_SUMS_GONE_DAYS] = "DELETE FROM care_day WHERE patient_id IN " GONE,
    [TRN_SQL_SUMS_GONE_TOTALS] = "DELETE FROM care_total WHERE patient_id IN " GONE,
    [TRN_SQL_SUMS_GONE_MONTHS] = "DELETE FROM care_month WHERE patient_id IN " GONE,
    [TRN_SQL_SUMS_GONE_DATES] = "DELETE FROM care_date WHERE patient_id IN " GONE,
    [TRN_SQL_SUMS_GONE_AGAIN] = "DELETE FROM care_again WHERE patient_id IN " GONE,
    [TRN_SQL_SUMS_GONE_NOTES] = "DELETE FROM tern_noted WHERE name='care.doses' AND first IN " GONE,
    [TRN_SQL_SUMS_AGAIN_RULES] =
        "INSERT OR IGNORE INTO care_again(patient_id,local_date)"
        " SELECT patient_id,local_date FROM care_total WHERE passes>0 AND patient_id IN"
        " (SELECT first FROM tern_noted WHERE name IN " RULES
        " UNION SELECT p.patient_id FROM tern_noted n JOIN prescriptions p ON p.id=n.first"
        " WHERE n.name IN ('care.beginnings','care.turns','care.medications'))",
    [TRN_SQL_SUMS_AGAIN_DAYS] =
        "INSERT OR IGNORE INTO care_again(patient_id,local_date) SELECT first,second"
        " FROM tern_noted WHERE name='care.doses' AND first=?1 AND second<=?2",
    [TRN_SQL_SUMS_FORGET_RULES] = "DELETE FROM tern_noted WHERE name IN " RULES,
    [TRN_SQL_SUMS_FORGET_DAYS] =
        "DELETE FROM tern_noted WHERE name='care.doses' AND first=?1 AND second<=?2",
    [TRN_SQL_REMINDERS] =
        "SELECT dose_id,scheduled,grace,gone,said,medication,offset,cursor FROM care_listed"
        " WHERE patient_id=?1 AND gone=0 LIMIT ?2",
    [TRN_SQL_REMINDER_GONE] = "SELECT 1 FROM care_listed WHERE patient_id=?1 AND gone=1 LIMIT 1",
    [TRN_SQL_REMINDERS_TOLD] =
        "SELECT "
        "r.dose_id,r.scheduled,r.grace,r.gone,r.said,r.medication,r.offset,r.cursor,m.medicine_"
        "name,"
        "m.medicine_name_khmer," DOSAGE " FROM care_listed r"
        " LEFT JOIN medications m ON m.id=r.medication LEFT JOIN dose_events d ON d.id=r.dose_id"
        " WHERE r.patient_id=?1 AND iif(?2,r.gone=0,r.since=?3)"
        " ORDER BY r.gone,r.scheduled,r.dose_id",
    [TRN_SQL_PRESCRIPTION_LIST] =
        "SELECT " PRESCRIPTION " FROM prescriptions p" WITH_VERSION
        " WHERE p.patient_id=?1 AND p.deleted_at IS NULL AND (?2>>CASE p.status WHEN 'DRAFT' THEN 0"
        " WHEN 'ACTIVE' THEN 1 WHEN 'PAUSED' THEN 2 ELSE 3 END)&1"
        " ORDER BY p.created_at DESC,p.id DESC",
    [TRN_SQL_PRESCRIPTION_READ] =
        "SELECT " SOURCE "," MEDICATION "," PRESCRIPTION " FROM prescriptions p" WITH_VERSION
        " LEFT JOIN medications m ON m.prescription_id=p.id AND m.deleted_at IS NULL" OF_PATIENT
        " WHERE p.id=?1 AND p.deleted_at IS NULL ORDER BY m.row_number,m.id",
    [TRN_SQL_VERSIONS] =
        "SELECT v.id,v.version_number,v.author_id,v.change_reason,v.created_at,"
        "v.version_number=p.current_version,v.medications_snapshot FROM prescriptions p"
        " JOIN prescription_versions v ON v.prescription_id=p.id AND v.deleted_at IS NULL"
        " WHERE p.id=?1 AND p.deleted_at IS NULL ORDER BY v.version_number",
    [TRN_SQL_SNAPSHOT] = "SELECT " SNAPSHOT(
        "v.prescription_id") " FROM prescription_versions v LEFT JOIN "
                             "json_each(v.medications_snapshot) j ON j.type='object'"
                             " WHERE v.prescription_id=?1 AND "
                             "v.version_number=?2 AND v.deleted_at IS NULL",
    [TRN_SQL_REFUSED] = "SELECT " SNAPSHOT(
        "?3") ",json_extract(?1,'$.version_number'),"
              "json_extract(?1,'$.change_reason'),json_extract(?1,'$.medications_snapshot'),?2"
              " FROM (SELECT 1) LEFT JOIN json_each(json_extract(?1,'$.medications_snapshot')) j "
              "ON j.type='object'",
    [TRN_SQL_MEDICATION_READ] = "SELECT " SOURCE "," MEDICATION " FROM medications m"
                                " JOIN prescriptions p ON p.id=m.prescription_id" OF_PATIENT
                                " WHERE m.id=?1 AND m.deleted_at IS NULL AND p.deleted_at IS NULL",
    [TRN_SQL_MEDICATION_LIST] =
        "SELECT " SOURCE "," MEDICATION " FROM prescriptions p"
        " JOIN medications m ON m.prescription_id=p.id" OF_PATIENT
        " WHERE p.patient_id=?1 AND p.status='ACTIVE' AND p.deleted_at IS NULL"
        " AND m.deleted_at IS NULL ORDER BY p.created_at,p.id,m.row_number,m.id",
    /* The plus keeps to the index by time: a page is read, not all that somebody did. */
    [TRN_SQL_AUDIT] = AUDIT("+a.actor_id=?1", "s.scope_id=?1"),
    [TRN_SQL_AUDIT_OF_ROW] = AUDIT("a.resource_id=?1", "s.row_id=?1"),
    [TRN_SQL_RECIPIENT] = "SELECT language,role FROM users WHERE id=?1 AND deleted_at IS NULL",
    /* As the server has it, a deleted one has none. */
    [TRN_SQL_ROLE] = "SELECT iif(deleted_at IS NULL,role,'') FROM users WHERE id=?1",
    [TRN_SQL_ALERT_DOSES] =
        "SELECT " SOURCE_THEN ",d.id,d.scheduled_time,d.grace_minutes,d.local_date,d.slot,d.status,"
        "d.flags,d.patient_id,p.id,p.patient_name,m.medicine_name,m.medicine_name_khmer"
        " FROM dose_events d JOIN medications m ON m.id=d.medication_id"
        " JOIN prescriptions p ON p.id=d.prescription_id" OF_PATIENT IN_FORCE ALERT_OF(
            "d.patient_id=?1",
            "MISSED_DOSE_ALERT",
            "FAMILY_ALERT",
            "d.id") " WHERE d.scheduled_time>=?2 AND d.scheduled_time<?3 AND +d.status IN "
                    "('DUE','MISSED')"
                    " AND (+d.patient_id=?1 OR ?4) AND d.deleted_at IS NULL AND n.id IS NULL"
                    " ORDER BY d.scheduled_time,d.id",
    [TRN_SQL_ALERT_CHANGES] =
        "SELECT v.id,v.created_at,p.id,p.patient_id,p.patient_name,p.is_urgent,p.urgent_reason,"
        "v.change_reason FROM prescriptions p JOIN prescription_versions v"
        " ON v.prescription_id=p.id AND v.version_number=p.current_version" ALERT_OF(
            "p.is_urgent",
            "URGENT_PRESCRIPTION_CHANGE",
            "PRESCRIPTION_UPDATE",
            "v.id") " WHERE p.status IN ('DRAFT','ACTIVE','PAUSED') AND p.deleted_at IS NULL"
                    " AND v.author_id IS NOT ?1 AND (p.is_urgent OR p.patient_id=?1)"
                    " AND (v.created_at>=?2 OR (p.is_urgent AND v.created_at<?3))"
                    " AND v.deleted_at IS NULL AND n.id IS NULL ORDER BY v.created_at,v.id",
    [TRN_SQL_ALERT_ENDS] =
        "SELECT s.id,s.created_at,p.id,p.patient_id,p.patient_name,1,NULL,NULL"
        " FROM prescriptions p JOIN sync_audit s ON s.row_id=p.id"
        " LEFT JOIN notifications n"
        " ON n.id=tern_key('notifications',?1,'URGENT_PRESCRIPTION_CHANGE',s.id)"
        " WHERE p.status IN ('DRAFT','ACTIVE','PAUSED') AND p.deleted_at IS NULL"
        " AND s.unit='status' AND json_extract(s.lost_values,'$.status')='INACTIVE'"
        " AND (s.created_at>=?2 OR s.created_at<?3) AND s.deleted_at IS NULL AND n.id IS NULL"
        " ORDER BY s.created_at,s.id",
    [TRN_SQL_ALERTS] =
        "SELECT n.id,n.created_at,n.type,n.about_id,n.title,n.message,n.data,n.is_read,n.read_at,"
        "coalesce(json_extract(n.data,'$.late'),0)," IS_OVER
        " FROM notifications n LEFT JOIN dose_events d ON d.id=n.about_id"
        " WHERE +n.recipient_id=?1 AND (n.created_at,n.id)<(?2,?3) AND n.deleted_at IS NULL"
        " AND (NOT ?5 OR n.is_read=0) ORDER BY n.created_at DESC,n.id DESC LIMIT ?4",
    [TRN_SQL_ALERT_COUNT] =
        "SELECT count(*) FROM notifications n LEFT JOIN dose_events d ON d.id=n.about_id"
        " WHERE n.recipient_id=?1 AND n.is_read=0 AND n.deleted_at IS NULL AND NOT " IS_OVER,
    [TRN_SQL_ALERT] = "SELECT is_read FROM notifications WHERE id=?2 AND recipient_id=?1"
                      " AND deleted_at IS NULL",
    /* A member's own replica need not hold the subscription of the family. */
    [TRN_SQL_QUOTA] =
        "SELECT s.tier,s.storage_quota,s.storage_used,s.expires_at,"
        "coalesce(s.counted_at,s.updated_at),0"
        " FROM subscriptions s WHERE s.user_id=?1 AND s.deleted_at IS NULL"
        " UNION ALL SELECT coalesce(s.tier,'FAMILY_PREMIUM'),"
        "coalesce(s.storage_quota,21474836480),coalesce(s.storage_used,0),s.expires_at,"
        "coalesce(s.counted_at,s.updated_at,0),1 FROM family_members f"
        " LEFT JOIN subscriptions s ON s.id=f.subscription_id AND s.deleted_at IS NULL"
        " WHERE f.member_id=?1 AND f.deleted_at IS NULL",
    [TRN_SQL_ENDED] = "SELECT tern_id(),p.status,p.patient_id,json_object('of',tern_id_text(p.id)),"
                      "(SELECT count(*) FROM medications m WHERE m.prescription_id=p.id AND "
                      "m.deleted_at IS NULL),"
                      "length(CAST(" SNAPSHOT_NOW " AS BLOB)) FROM prescriptions p WHERE p.id=?1"
                      " AND p.deleted_at IS NULL",
    [TRN_SQL_ACCESSED] =
        "SELECT EXISTS(SELECT 1 FROM audit_logs WHERE resource_id=?1 AND +actor_id=?2"
        " AND +action_type='DATA_ACCESS' AND +created_at>=?3 AND +created_at<?4"
        " AND deleted_at IS NULL)",
    [TRN_SQL_RETAKE] =
        "INSERT INTO prescriptions(id,patient_id,doctor_id,patient_name,patient_gender,"
        "patient_age,symptoms,diagnosis,start_date,end_date) SELECT ?2,patient_id,"
        "coalesce((SELECT u.id FROM users u WHERE u.id=?3 AND u.role='DOCTOR'),doctor_id),"
        "patient_name,patient_gender,patient_age,symptoms,diagnosis,?4,?5"
        " FROM prescriptions WHERE id=?1",
    [TRN_SQL_RETAKE_MEDICATIONS] =
        "INSERT INTO medications(id,prescription_id,row_number,medicine_name,"
        "medicine_name_khmer,image_url,morning_dosage,daytime_dosage,night_dosage,frequency,"
        "duration,timing,is_prn,first_minute) SELECT tern_id(),?2,row_number,medicine_name,"
        "medicine_name_khmer,image_url,morning_dosage,daytime_dosage,night_dosage,frequency,"
        "duration,timing,is_prn,?3 FROM medications WHERE prescription_id=?1"
        " AND deleted_at IS NULL ORDER BY row_number,id",
    [TRN_SQL_ALERT_INSERT] =
        "INSERT INTO notifications(id,recipient_id,type,title,message,data,about_id)"
        " VALUES(tern_key('notifications',?1,?2,?3),?1,?2,?4,?5,?6,?3)",
    [TRN_SQL_ALERT_READ] = "UPDATE notifications SET is_read=1,read_at=tern_now() WHERE id=?1",
    [TRN_SQL_ALERTS_READ] = "UPDATE notifications SET is_read=1,read_at=tern_now()"
                            " WHERE recipient_id=?1 AND is_read=0 AND deleted_at IS NULL",
    [TRN_SQL_REMINDER_PUT] =
        "INSERT INTO care_listed(patient_id,dose_id,scheduled,grace,gone,said,medication,since,"
        "cursor,offset) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?8,?9)"
        " ON CONFLICT(patient_id,dose_id) DO UPDATE SET scheduled=excluded.scheduled,"
        "grace=excluded.grace,gone=excluded.gone,said=excluded.said,medication=excluded.medication,"
        "since=excluded.since,offset=excluded.offset",
    [TRN_SQL_REMINDER_NAME] = "UPDATE care_listed SET cursor=?2 WHERE patient_id=?1",
    [TRN_SQL_REMINDER_TIDY] = "DELETE FROM care_listed WHERE patient_id=?1 AND gone=1",
    [TRN_SQL_REMINDER_DROP] = "DELETE FROM care_listed WHERE patient_id=?1 AND dose_id=?2",
};

/* The same with the last of the days on which a prescription began: a planted bug. */
static const char *with_last_day(const char *text)
{
    static const char least[] = "min(b.begins_on)";
    static char last[16384];
    char *at = last;

    (void)snprintf(last, sizeof(last), "%s", text);
    while ((at = strstr(at, least)) != NULL) {
        memcpy(at, "max", 3);
    }
    return last;
}

const char *trn_sql_text(enum trn_sql which)
{
    return TRN_MUTANT(CARE_BEGINNING_LATEST) ? with_last_day(texts[which]) : texts[which];
}
