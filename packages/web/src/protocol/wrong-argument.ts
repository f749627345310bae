/** A wrong argument of the app that only the worker can find. On the page it is a plain `TypeError`, as others are. */
export class WrongArgument extends TypeError {}
