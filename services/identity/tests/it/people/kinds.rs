//! Which of the built-in roles determines a user's kind.

use identity_api::{ChangeUser, UserChange};
use testkit::for_each_way;

use crate::people::harness::Desk;

/// Lists are returned in alphabetical order, with customer before employee.
#[tokio::test(flavor = "multi_thread")]
async fn an_employees_roles_can_be_read_and_put_back() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let max = desk.person("max", &["employee", "customer"]).await;
        assert_eq!((max.kind.as_str(), &*max.roles), ("employee", &["customer".to_owned(), "employee".to_owned()][..]));
        let read = desk.face.user(&desk.ctx, max.id).await.unwrap();
        let command = ChangeUser { id: max.id, change: UserChange::SetRoles { roles: read.roles } };
        assert_eq!(desk.face.change_user(&desk.ctx, command).await.unwrap().user.kind, "employee");
        assert_eq!(desk.face.user(&desk.ctx, max.id).await.unwrap().kind, "employee");
    })
    .await;
}
