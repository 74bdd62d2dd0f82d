/*
 * Planted bugs, with which the simulator proves that it finds some: each breaks one promise at the
 * place where the code keeps it.
 *
 * Only objects compiled with TERN_MUTANTS have them, and only tern-sim-mutants is linked from
 * those. Everywhere else TRN_MUTANT is false, and nothing of this header is left.
 */
#ifndef TRN_BASE_MUTANT_H
#define TRN_BASE_MUTANT_H

#include <stdbool.h>

#ifdef TERN_MUTANTS

/* Name, a seed at or before which the search may begin so as not to take long, and what is done
 * wrong. 0: lives do not strike that way; torture finds it (sim/torture/test_torture.py). */
#define TRN_MUTANTS(X)                                                                             \
    X(ACK_BEFORE_COMMIT, 2, "the server answers for what its commit failed to store")              \
    X(ACK_AGAIN, 2, "a repeat is answered for what a commit failed to store")                      \
    X(RECEIPT_ALONE, 2, "the server stores a receipt in another transaction than the rows")        \
    X(RECEIPT_IGNORED, 2, "the server applies a transaction again that is sent again")             \
    X(NUMBER_UNLOCKED, 2, "numbers become visible in another order than they rise")                \
    X(NUMBER_SELDOM_UNLOCKED,                                                                      \
      3,                                                                                           \
      "two numbers in 64 become visible in another order than they rise")                          \
    X(TX_HALF_APPLIED, 1, "a rejected transaction leaves what it had written")                     \
    X(TIE_BY_VALUE, 16, "of equal times the greater value wins on the server")                     \
    X(RANK_IGNORED, 14, "what a rule inferred wins over what a person recorded")                   \
    X(CLAMP_MISSING, 2, "a time from the future is stored as claimed")                             \
    X(AUDIT_MISSING, 2, "a winner that had not seen what it replaced is not audited")              \
    X(DELETE_UNDONE, 11, "an edit brings a deleted row back")                                      \
    X(CLONE_UNNOTICED, 2, "two copies of a device go on under one id")                             \
    X(PROOF_FORGOTTEN, 0, "a device that takes another id forgets what proves a server's history") \
    X(EPOCH_UNKNOWN, 8971485, "a cursor of an epoch that never began here proves nothing")         \
    X(RESTORE_UNNOTICED, 54, "a server that came back from a backup begins no epoch")              \
    X(FOREIGN_BASES, 49, "bases of another epoch are taken for numbers of this one")               \
    X(PUSH_UNCHECKED, 2, "anybody may write anything")                                             \
    X(PULL_UNCHECKED, 97, "a record is served that is not granted any more")                       \
    X(SCOPE_NOT_NAMED_GONE, 101, "a device is not told that a record was closed to it")            \
    X(LOG_MISSING, 1, "a change of a row is not noted for those who pull")                         \
    X(DUPLICATE_TIME, 2, "a repeated verdict says another time than the first")                    \
    X(DEPENDENTS_TAKEN, 2, "the server takes what depends on a rejected transaction")              \
    X(DISCARD_UNAUDITED, 13, "a discard leaves no audit entry")                                    \
    X(SERVER_SYNC_NORMAL, 4, "the server's commits do not wait for the disk")                      \
    X(ANSWER_FIRST, 1, "the server answers before it commits")                                     \
    X(COMMIT_LATER, 1, "a device's commit returns before the transaction is in its file")          \
    X(ENTRY_ALONE, 2, "a device commits the rows, and then the entry that tells of them")          \
    X(DEVICE_SYNC_NORMAL, 54, "a device's commits do not wait for the disk")                       \
    X(CURSOR_FIRST, 4, "the cursor moves before the rows it stands for are here")                  \
    X(STAGE_LOST, 3, "pieces of a record are not kept until the rest of it comes")                 \
    X(PIECES_SHOWN, 9, "pieces of a record are shown before the rest of it is here")               \
    X(NO_REBASE, 12, "pending entries are not laid back on the rows")                              \
    X(UNDO_STALE, 44, "an entry laid back keeps the undo image of the ground before")              \
    X(UNSENT_UNSEEN, 2, "what was never sent is hidden once it was lifted")                        \
    X(QUARANTINE_BLOCKS, 3, "nothing is sent while something is quarantined")                      \
    X(NOTHING_SWEPT, 51, "rows that a fresh copy does not have stay")                              \
    X(NO_REOFFER, 51, "acknowledged transactions are not offered to a restored server")            \
    X(SERVER_LOG_TRUSTED, 54, "a server goes on with a log that was written and never synced")     \
    X(DEVICE_LOG_TRUSTED, 12, "a device goes on with a log that was written and never synced")     \
    X(APART_UNSEEN, 9100016, "a record that closes before it comes keeps what was taken into it")  \
    X(UPGRADE_MUTE, 8, "an app that is served no more does not hear what became of its push")      \
    X(TRIP_HALVED, 2, "of an answer that is read hours late the middle is taken for its time")     \
    X(ANCHOR_LOW, 9105070, "a clock that goes on by the server's falls behind what is here")       \
    X(LAST_STAMP_LOST, 1, "a device forgets what it stamped last")                                 \
    X(DEPENDENCY_LOST, 5, "an entry does not say what it builds on")                               \
    X(STALE_ANSWER_TAKEN, 9, "an answer is taken that another session has overtaken")              \
    X(ERASURE_UNTOLD, 1, "a device is not told that its user's record was erased")                 \
    X(ERASED_TAKEN, 1, "the server takes what is written into an erased record")                   \
    X(ERASED_BYTES_KEPT, 1, "the bytes of entries that touched an erased record stay")             \
    X(ERASED_UNSCRUBBED, 1, "what a device takes out of an erased record stays in its free pages") \
    X(ERASED_ENTRY_KEPT, 1, "a device keeps its entries of an erased record")                      \
    X(RECORD_COMPLETE_EARLY, 3, "a record is called complete before its last page")                \
    X(WRONG_TOKEN_TAKEN, 41, "a device syncs under the token of another user")                     \
    X(ENUM_UNKNOWN, 15, "an older app is sent a value that its version does not have")             \
    X(WINDOW_UNTIDIED, 12, "rows that left their window stay")                                     \
    X(WINDOW_TOO_SHORT, 3, "rows leave after half of their window")                                \
    X(LOST_UNPARKED, 51, "what others wrote and a restored server lacks is let go of")             \
    X(REOFFER_AS_CLAIMED,                                                                          \
      9,                                                                                           \
      "what a restored server lacks is offered with the time that was claimed alone")              \
    X(REOFFER_ALONE, 9, "only the oldest transaction is offered to a restored server")             \
    X(FACTS_KEPT, 3, "what a group looked up that failed is believed by the next")                 \
    X(HIGH_AHEAD, 3, "a cursor goes one number further than what was read")                        \
    X(GRANT_VERSION_IGNORED, 28, "a download goes on although its grant was closed and opened")    \
    X(GRANT_OF_FIRST_PAGE, 184, "a download that has begun goes on although its grant was closed") \
    X(STAGE_OF_CLOSED, 184, "pieces of a record that was closed wait for its next copy")           \
    X(BACKUP_UNCHECKED, 847, "a backup of another history is taken for one of this")               \
    X(KEPT_TOO_SHORT, 76, "a device lets go of entries that no backup holds")                      \
    X(RECORD_CUT, 7, "of a record the server reads one batch of places, and calls it complete")    \
    X(LEAVING_CUT, 37, "of a record that was closed one batch of rows leaves")                     \
    X(LIFT_CUT, 7, "of pending edits one batch is lifted")                                         \
    X(LOCKED_DROPPED, 51, "unsent edits of a record that was closed are dropped")                  \
    X(RETRY_DEPENDENTS_LOST, 2, "what depends on a transaction that is tried again is let go of")  \
    X(RETRY_EPOCH_NEW, 2, "what is tried again names bases of an old epoch as of today's")         \
    X(RETRY_RECORDED, 21, "what a rule inferred is recorded where it is tried again")              \
    X(OPEN_UNSYNCED, 5, "what an opening puts away does not wait for the disk")                    \
    X(COUNTER_STILL, 1, "rows leave with a record that was closed, and no counter moves")          \
    X(STRANGER_STAGED, 26, "a piece of a record that was never granted is sent, and let go of")    \
    X(RETIRED_QUEUE_LOST, 2, "a copy whose id is retired lets go of what waits")                   \
    X(VISIT_NOTED, 0, "the server writes something down of who had nothing to send")               \
    X(WAY_BACK_LATE, 0, "a group's way back is compiled where it is taken")                        \
    X(LOG_NOT_SHORTENED, 9, "a device never puts its log away while its file is open")             \
    X(LOG_PINNED, 1, "a row that the server has read keeps the log from being put away")           \
    X(LOG_NOT_CUT, 3, "a log that was long once keeps its length")                                 \
    X(PAGE_UNLIMITED, 1, "an answer has as many rows as there are")                                \
    X(ANSWERS_KEPT, 3, "a device keeps the answers of a sync in memory until it ends")             \
    X(REQUEST_COPIED, 40, "the server keeps a copy of the request for each of its entries")        \
    X(CARE_KEY_BY_TIME, 2, "a dose is named by its time, and made anew where that moves")          \
    X(CARE_RECORD_MOVED, 50, "generating again moves recorded doses")                              \
    X(CARE_UNDO_GUESSED, 2, "an undo is stored as a guess")                                        \
    X(CARE_TAKEN_TWICE, 13, "a dose with a record is recorded again")                              \
    X(CARE_MISSED_IN_GRACE, 2, "a dose is missed before its grace has passed")                     \
    X(CARE_LATE_ON_TIME, 2, "late is on time")                                                     \
    X(CARE_CANCEL_UNTOLD, 1, "a reminder that is off is not taken back")                           \
    X(CARE_RINGS_BY_SERVER, 2, "a reminder rings at a true time that the clock does not show")     \
    X(CARE_CURSOR_BELIEVED, 24, "a cursor of reminders is believed, whatever file it is of")       \
    X(CARE_SUMS_STALE, 2, "sums are not made again where doses changed")                           \
    X(CARE_SNAPSHOT_EARLY, 2, "a version holds the medications before the edit")                   \
    X(CARE_PAUSE_HIDES, 4, "a pause or an end hides what had passed before it")                    \
    X(CARE_SETTLED_INSTEAD,                                                                        \
      4,                                                                                           \
      "who ends a prescription stores what had passed, and not since when")                        \
    X(CARE_PAUSE_COUNTS, 4, "what passed in a pause is missed after it")                           \
    X(CARE_ACTION_MISSING, 1, "an act leaves no audit row")                                        \
    X(CARE_ACTION_APART, 1, "the audit row of an act comes in a transaction of its own")           \
    X(CARE_ALERT_UNHEARD, 2, "an alert waits for no sync")                                         \
    X(CARE_ALERT_LATE_UNSAID, 2, "a late alert does not say so")                                   \
    X(CARE_ALERT_OF_PAUSED, 3, "doses that nothing yields are told of as missed")                  \
    X(CARE_TIMES_OUTLAST, 33, "what was taken as needed is reminded of behind its days")           \
    X(CARE_AUDIT_CUT, 5, "a page of the audit log calls itself the last")                          \
    X(CARE_QUOTA_IGNORED, 6, "a prescription is written into a full storage")                      \
    X(CARE_QUOTA_FORGETS, 2, "what was sent since the count is not counted")                       \
    X(CARE_HOURS_FROM_MIDNIGHT, 8, "hours apart are counted from midnight, not from the meal")     \
    X(CARE_HOURS_FROM_MEAL, 8, "hours apart hang on the meal of today")                            \
    X(CARE_ADDED_FROM_START, 8, "a medicine that an edit adds begins with its prescription")       \
    X(CARE_WEEKLY_DAILY, 3, "once a week is every day")                                            \
    X(CARE_OVER_UNSEEN, 2, "a medication that is over is said to go on")                           \
    X(CARE_STATUSES_IGNORED, 3, "prescriptions are listed whatever state is asked for")            \
    X(CARE_ALL_CURRENT, 33, "every version says that it is the current one")                       \
    X(CARE_MORNING_PRESET, 18, "the morning meal reads as the preset")                             \
    X(CARE_REBUILT_EMPTY, 5, "sums that are made anew look at no day")                             \
    X(CARE_FORM_OVERRULES, 5, "an edit from a stale form overrules what has come since")           \
    X(CARE_ACCESS_AGAIN, 17, "each look at a record is written down, not the first of a day")      \
    X(CARE_ACCESS_BY_UTC, 41, "the day of a look is counted by UTC")                               \
    X(CARE_ACCESS_OWN, 2, "a look at one's own record is written down")                            \
    X(CARE_RETAKE_LIVING, 1, "a prescription that has not ended is taken up again")                \
    X(CARE_RETAKE_SNAPSHOT_EARLY, 3, "what is taken up again has a version without medications")   \
    X(CARE_ACTIVATED_UNDATED, 1, "a draft that is put in force begins when it was written")        \
    X(CARE_BEGINNING_LATEST, 34, "of two days on which a draft began the later stands")            \
    X(CARE_BEGINNING_UNSAID, 9, "the first recorded dose does not say under which day it counted") \
    X(CARE_GUESS_STANDS, 7, "a dose that was stored as missed is so whatever the plan says")       \
    X(CARE_ERASED_TOLD_OF, 49, "what a family was told of an erased patient's doses stays")        \
    X(CARE_JOB_UNTOLD, 2, "the server's job stores a dose as missed and tells nobody")             \
    X(CARE_JOB_TELLS_AGAIN, 310, "the server's job writes over an alert that is there")            \
    X(CARE_JOB_MINTS, 2, "the server's job gives alerts ids of its own")                           \
    X(CARE_JOB_NO_FAMILY, 9, "the server's job tells the patient alone")                           \
    X(CARE_JOB_OVERRULES, 7, "the server's job calls missed what somebody made due again")         \
    X(CARE_JOB_EARLY, 6, "the server's job does not wait for the end of the grace")                \
    X(CARE_JOB_FORGETS, 6, "the server's job passes over a dose that was missed")

#define TRN_MUTANT_VALUE(name, seed, text) TRN_MUTANT_##name,
enum trn_mutant { TRN_MUTANT_NONE, TRN_MUTANTS(TRN_MUTANT_VALUE) TRN_MUTANT_COUNT };
#undef TRN_MUTANT_VALUE

/* The one that is at work. */
extern enum trn_mutant trn_mutant_chosen;

#define TRN_MUTANT(name) (trn_mutant_chosen == TRN_MUTANT_##name)

#else

#define TRN_MUTANT(name) false

#endif

#endif
