//! Empty: this package only says which versions the parts have.
