package dev.walker.engine;

/** Whether plugins have state that is worth a commit. */
public final class ChangeFlag {
    private boolean raised;
    private boolean urgent;

    /** A flag that is down. */
    public ChangeFlag() {}

    /** Says that there is something to save. */
    public void raise() {
        raised = true;
    }

    /** Says that there is something to save that cannot wait. */
    public void hurry() {
        raised = true;
        urgent = true;
    }

    /** Says that everything is saved. */
    public void lower() {
        raised = false;
        urgent = false;
    }

    /** Whether there is something to save that cannot wait. */
    public boolean isUrgent() {
        return urgent;
    }

    /** Whether there is something to save. */
    public boolean isRaised() {
        return raised;
    }
}
