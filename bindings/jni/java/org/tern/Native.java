package org.tern;

/**
 * The bridge. Each method takes a handle and packed arguments, and gives packed results with the status first; see
 * bindings/jni/src/bridge.h. Nothing outside this package can reach a handle.
 */
final class Native {
    static {
        System.loadLibrary("ternjni");
    }

    private Native() {
    }

    static native byte[] version(long handle, byte[] arguments);

    static native byte[] replicaOpen(long handle, byte[] arguments);

    static native byte[] replicaClose(long handle, byte[] arguments);

    static native byte[] replicaIds(long handle, byte[] arguments);

    static native byte[] replicaChanges(long handle, byte[] arguments);

    static native byte[] replicaStatus(long handle, byte[] arguments);

    static native byte[] replicaReach(long handle, byte[] arguments);

    static native byte[] txBegin(long handle, byte[] arguments);

    static native byte[] txCommit(long handle, byte[] arguments);

    static native byte[] txRollback(long handle, byte[] arguments);

    static native byte[] txFollow(long handle, byte[] arguments);

    static native byte[] rowInsert(long handle, byte[] arguments);

    static native byte[] rowUpdate(long handle, byte[] arguments);

    static native byte[] rowUndo(long handle, byte[] arguments);

    static native byte[] rowDelete(long handle, byte[] arguments);

    static native byte[] rowUndelete(long handle, byte[] arguments);

    static native byte[] statementPrepare(long handle, byte[] arguments);

    static native byte[] statementRun(long handle, byte[] arguments);

    static native byte[] statementMore(long handle, byte[] arguments);

    static native byte[] statementReset(long handle, byte[] arguments);

    static native byte[] statementFree(long handle, byte[] arguments);

    static native byte[] readerOpen(long handle, byte[] arguments);

    static native byte[] readerClose(long handle, byte[] arguments);

    static native byte[] readerPrepare(long handle, byte[] arguments);

    static native byte[] readerBegin(long handle, byte[] arguments);

    static native byte[] readerEnd(long handle, byte[] arguments);

    static native byte[] outboxEntries(long handle, byte[] arguments);

    static native byte[] outboxChanges(long handle, byte[] arguments);

    static native byte[] quarantineRetry(long handle, byte[] arguments);

    static native byte[] quarantineDiscard(long handle, byte[] arguments);

    static native byte[] auditReinstate(long handle, byte[] arguments);

    static native byte[] syncOpen(long handle, byte[] arguments);

    static native byte[] syncNext(long handle, byte[] arguments);

    static native byte[] syncAnswered(long handle, byte[] arguments);

    static native byte[] syncFailed(long handle, byte[] arguments);

    static native byte[] syncToken(long handle, byte[] arguments);

    static native byte[] syncCancel(long handle, byte[] arguments);

    static native byte[] syncProgress(long handle, byte[] arguments);

    static native byte[] syncReason(long handle, byte[] arguments);

    static native byte[] syncClose(long handle, byte[] arguments);

    static native byte[] careOpen(long handle, byte[] arguments);

    static native byte[] careClose(long handle, byte[] arguments);

    static native byte[] careSay(long handle, byte[] arguments);

    static native byte[] scheduleGenerate(long handle, byte[] arguments);

    static native byte[] schedulePlan(long handle, byte[] arguments);

    static native byte[] mealParse(long handle, byte[] arguments);

    static native byte[] doseList(long handle, byte[] arguments);

    static native byte[] doseRead(long handle, byte[] arguments);

    static native byte[] medicationSetPrnTimes(long handle, byte[] arguments);

    static native byte[] doseTake(long handle, byte[] arguments);

    static native byte[] doseTakePrn(long handle, byte[] arguments);

    static native byte[] doseSkip(long handle, byte[] arguments);

    static native byte[] doseUndo(long handle, byte[] arguments);

    static native byte[] dosesInferMissed(long handle, byte[] arguments);

    static native byte[] prescriptionCreate(long handle, byte[] arguments);

    static native byte[] prescriptionEdit(long handle, byte[] arguments);

    static native byte[] prescriptionRetake(long handle, byte[] arguments);

    static native byte[] prescriptionMove(long handle, byte[] arguments);

    static native byte[] settingsRead(long handle, byte[] arguments);

    static native byte[] settingsSet(long handle, byte[] arguments);

    static native byte[] adherenceRead(long handle, byte[] arguments);

    static native byte[] adherenceRebuild(long handle, byte[] arguments);

    static native byte[] remindersRead(long handle, byte[] arguments);

    static native byte[] prescriptionList(long handle, byte[] arguments);

    static native byte[] prescriptionRead(long handle, byte[] arguments);

    static native byte[] prescriptionVersions(long handle, byte[] arguments);

    static native byte[] prescriptionSnapshot(long handle, byte[] arguments);

    static native byte[] prescriptionRefused(long handle, byte[] arguments);

    static native byte[] medicationList(long handle, byte[] arguments);

    static native byte[] medicationRead(long handle, byte[] arguments);

    static native byte[] alertsInfer(long handle, byte[] arguments);

    static native byte[] alertList(long handle, byte[] arguments);

    static native byte[] alertCount(long handle, byte[] arguments);

    static native byte[] alertMarkRead(long handle, byte[] arguments);

    static native byte[] quotaRead(long handle, byte[] arguments);

    static native byte[] auditAccess(long handle, byte[] arguments);

    static native byte[] auditRead(long handle, byte[] arguments);

    static native long portsNew(Upcalls upcalls, int given);

    static native void portsFree(long ports);

    /** For tests: writes a line to the log of {@code ports} from a thread that Java has not made. */
    static native void portsLogFromAThread(long ports);
}
