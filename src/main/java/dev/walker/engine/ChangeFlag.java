package dev.walker.engine;

/** Whether plugins have state that is worth a commit. */
public final class ChangeFlag {
    private boolean raised;

    /** A flag that is down. */
    public ChangeFlag() {}

    /** Says that there is something to save. */
    public void raise() {
        raised = true;
    }

    /** Says that everything is saved. */
    public void lower() {
        raised = false;
    }

    /** Whether there is something to save. */
    public boolean isRaised() {
        return raised;
    }
}
