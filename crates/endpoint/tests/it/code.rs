use towerkit_endpoint::Code;

#[test]
fn every_code_comes_back_from_its_number_and_its_name() {
    for (index, code) in Code::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(code.number()), index + 1);
        assert_eq!(Code::from_number(code.number()), Some(code));
        assert_eq!(code.as_str().parse(), Ok(code));
        assert_eq!(code.as_str().to_uppercase().parse(), Ok(code));
    }
}

#[test]
fn numbers_outside_of_the_table_have_no_code() {
    assert_eq!(Code::from_number(0), None);
    assert_eq!(Code::from_number(17), None);
    assert_eq!(Code::from_number(255), None);
    assert!("ok".parse::<Code>().is_err());
}

#[test]
fn five_codes_are_faults() {
    let faults: Vec<_> = Code::ALL.into_iter().filter(|code| code.is_fault()).collect();
    assert_eq!(faults, [Code::Unknown, Code::DeadlineExceeded, Code::Internal, Code::Unavailable, Code::DataLoss]);
}
