package org.example.rapport;

/** Gives a bearer token. */
@FunctionalInterface
public interface TokenFunction {
    String get() throws Exception;
}
