-- Who gave out a one-time code: that person is not the second one for the posts that wait when it has been used. None: the command line.
alter table staff add column code_issued_by blob references staff;
